import type { FileFacts } from './adapters/disk.js';
import type { KubernetesVersion } from './catalog.js';
import type { ArchArtifacts, Architecture } from './manifest.js';

/** What is going on, for a person or a bar. `totalBytes` is absent while it is unknown. */
export interface ArtifactProgress {
  readonly phase: 'download' | 'build' | 'image' | 'store' | 'verify' | 'export' | 'import';
  /** The file or component. */
  readonly name: string;
  readonly doneBytes: number;
  readonly totalBytes?: number;
  /** A line of a tool's own output, such as a compiler's. */
  readonly line?: string;
}

export type OnProgress = (progress: ArtifactProgress) => void;

/** Where a source puts files. Nothing is visible in the mirror before it is verified and durable. */
export interface BlobSink {
  /** Refuses with `ARTIFACT_DISK_FULL` when `sizeBytes` more would leave too little room. */
  reserve(sizeBytes: number): Promise<void>;
  /** Size of these contents when they are already there. */
  size(sha256: string): Promise<number | undefined>;
  /** Path of a temporary file that survives a restart, so that a cut download can go on. Same key, same file. */
  partial(key: string): Promise<string>;
  /**
   * Takes a finished partial file over: hash, compare, fsync, rename. A file that is not what was expected is removed
   * and refused with `ARTIFACT_CORRUPT`.
   */
  commit(path: string, expected?: { readonly sha256?: string; readonly sizeBytes?: number }): Promise<FileFacts>;
  /** What {@link remember} was told for this key, while those contents are still there: lets a second try skip work. */
  recall(key: string): Promise<FileFacts | undefined>;
  remember(key: string, facts: FileFacts): Promise<void>;
  /** Takes a copy of, or a link to, a file that stays where it is. Verified like {@link commit}. */
  adopt(path: string, expected?: { readonly sha256?: string; readonly sizeBytes?: number }): Promise<FileFacts>;
}

/** What a source is asked for, and with what. */
export interface FetchRequest {
  readonly version: KubernetesVersion;
  readonly arch: Architecture;
  readonly into: BlobSink;
  readonly progress: OnProgress;
  readonly signal: AbortSignal;
}

/**
 * One way to obtain the files of a node. All ways give the same manifest shape: single binaries and image archives,
 * nothing that a node would have to unpack.
 */
export interface ArtifactSource {
  readonly name: 'upstream' | 'build' | 'directory';
  /** Every returned file is in the sink. Stops soon after `signal` aborts; can be called again and continues. */
  fetch(request: FetchRequest): Promise<ArchArtifacts>;
}
