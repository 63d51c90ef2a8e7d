import { createHash } from 'node:crypto';
import { FlotillaError } from '@flotilla/kit';
import type { MachineTarget } from '@flotilla/proto';
import type { Host } from '../../host/host.js';
import { parseNodeManifest, type ArtifactFile, type NodeManifest } from './manifest.js';

export interface ArtifactSettings {
  /** https://host:7440 */
  readonly server: string;
  /** PEM of the CAs the server is verified with. */
  readonly ca: () => string;
  readonly stateDir: string;
}

const requestTimeoutMs = 30_000;

/** The control plane's mirror: the manifest by its digest, and files by theirs. Nothing is used before it is verified. */
export class Artifacts {
  #cached: { readonly sha256: string; readonly manifest: NodeManifest } | undefined;

  constructor(
    private readonly host: Host,
    private readonly settings: ArtifactSettings,
  ) {}

  manifestUrl(target: MachineTarget, arch: string): string {
    return `${this.settings.server}/artifacts/v1/manifests/${target.kubernetesVersion}/${arch}`;
  }

  /** The manifest the target names, from disk or from the mirror; its sha256 must be the target's. */
  async manifest(target: MachineTarget, arch: string, signal?: AbortSignal): Promise<NodeManifest> {
    const sha256 = target.artifactManifestSha256;
    if (this.#cached?.sha256 === sha256) return this.#cached.manifest;
    const path = `${this.settings.stateDir}/manifest.json`;
    let json = await this.host.read(path);
    if (json === undefined || digest(json) !== sha256) {
      json = await this.#fetchManifest(target, arch, signal);
      await this.host.writeAtomic(path, json, 0o600);
    }
    const manifest = parseNodeManifest(json, arch);
    if (manifest.kubernetesVersion !== target.kubernetesVersion) {
      throw new FlotillaError('ARTIFACT_MANIFEST_INVALID', `the manifest is for ${manifest.kubernetesVersion}`, {
        retry: 'later',
      });
    }
    this.#cached = { sha256, manifest };
    return manifest;
  }

  async #fetchManifest(target: MachineTarget, arch: string, signal: AbortSignal | undefined): Promise<string> {
    const url = this.manifestUrl(target, arch);
    const answer = await this.host.httpGet({
      url,
      ca: this.settings.ca(),
      timeoutMs: requestTimeoutMs,
      ...(signal ? { signal } : {}),
    });
    if (answer.status !== 200) {
      throw new FlotillaError('ARTIFACTS_MISSING', `${url} answered ${answer.status}`, {
        kind: 'unavailable',
        remedy: `Run on the operator's machine: flotilla version sync ${target.kubernetesVersion}`,
      });
    }
    if (digest(answer.body) !== target.artifactManifestSha256) {
      throw new FlotillaError('ARTIFACT_MANIFEST_CHANGED', 'the mirror serves another manifest than the target names', {
        kind: 'conflict',
        retry: 'later',
        remedy: 'A new target follows when the artifacts were synced again; nothing is installed until they agree.',
      });
    }
    return answer.body;
  }

  /** One verified file at `path`. */
  async obtain(
    file: ArtifactFile,
    path: string,
    mode: number,
    onProgress: (doneBytes: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    await this.host.download({
      url: `${this.settings.server}/artifacts/v1/blobs/${file.sha256}`,
      ca: this.settings.ca(),
      timeoutMs: requestTimeoutMs,
      path,
      sha256: file.sha256,
      sizeBytes: file.sizeBytes,
      mode,
      onProgress,
      signal,
    });
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** "412 of 640 MB", counting several files as one. */
export function progressOf(
  files: readonly ArtifactFile[],
  report: (text: string) => void,
): (fileIndex: number) => (doneBytes: number) => void {
  const totalBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const megabytes = (bytes: number): number => Math.round(bytes / 1_000_000);
  return (fileIndex) => {
    const beforeBytes = files.slice(0, fileIndex).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    return (doneBytes) => report(`${megabytes(beforeBytes + doneBytes)} of ${megabytes(totalBytes)} MB`);
  };
}
