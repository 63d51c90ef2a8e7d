import {
  architectures,
  hostArchitecture,
  imagesOf,
  kubernetesVersions,
  upstreamCnis,
  type Architecture,
  type ArtifactSource,
  type Mirror,
  type UpstreamCni,
} from '@flotilla/artifacts';
import type { Mirror as EngineMirror } from '@flotilla/core';
import { FlotillaError, toFlotillaError, type Logger } from '@flotilla/kit';
import { Cni } from '@flotilla/proto';
import type { ArtifactsPort, ArtifactState, SyncProgress } from './api/parts.js';
import { nodeManifest, sha256Hex } from './web/artifact-files.js';

type SourceName = 'upstream' | 'build';

export interface ArtifactsIndexParts {
  readonly mirror: Mirror;
  readonly sources: Readonly<Record<SourceName, ArtifactSource>>;
  readonly defaultSource: SourceName;
  readonly log: Logger;
  /** The mirror has something new. */
  readonly onChanged: () => void;
}

const cniOf: Readonly<Record<UpstreamCni, Cni>> = { calico: Cni.CALICO, cilium: Cni.CILIUM };

interface CniManifests {
  readonly text: string;
}

const missing: ArtifactState = { state: 'missing', files: 0, sizeBytes: 0, manifestSha256: '' };

/** What the mirror has, in memory, for decisions and lists; brought up to date when something was synced or imported. */
export class ArtifactsIndex implements ArtifactsPort, EngineMirror {
  readonly catalogue = kubernetesVersions.map((entry) => ({
    version: entry.version,
    supportedSince: entry.supportedSince,
    availableForNewClusters: entry.newClusters === 'available',
    availableForExistingClusters: entry.existingClusters === 'available',
    availabilityNote: entry.note,
    components: { ...entry.components },
    architectures: entry.architectures,
  }));
  readonly defaultArch: string = hostArchitecture() ?? 'amd64';
  #states = new Map<string, ArtifactState>();
  #cni = new Map<Cni, CniManifests>();
  readonly #syncing = new Set<string>();

  constructor(private readonly parts: ArtifactsIndexParts) {}

  /** Reads the mirror again. */
  async refresh(): Promise<void> {
    const states = new Map<string, ArtifactState>();
    for (const { version } of await this.parts.mirror.list()) {
      const manifest = await this.parts.mirror.manifest(version);
      for (const arch of architectures) {
        const files = manifest?.arch[arch]?.files;
        const text = files === undefined ? undefined : await nodeManifest(this.parts.mirror, version, arch);
        if (files === undefined || text === undefined) continue;
        const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
        states.set(`${version} ${arch}`, {
          state: 'mirrored',
          files: files.length,
          sizeBytes,
          manifestSha256: sha256Hex(text),
        });
      }
    }
    const cni = await this.#readCni();
    const changed = JSON.stringify([...states, ...cni]) !== JSON.stringify([...this.#states, ...this.#cni]);
    this.#states = states;
    this.#cni = cni;
    if (changed) this.parts.onChanged();
  }

  state(version: string, arch: string): ArtifactState {
    const key = `${version} ${arch}`;
    const known = this.#states.get(key) ?? missing;
    return this.#syncing.has(key) && known.state === 'missing' ? { ...known, state: 'syncing' } : known;
  }

  manifestSha256(version: string, arch: string): string | undefined {
    return this.#states.get(`${version} ${arch}`)?.manifestSha256;
  }

  flannelImage(version: string): string | undefined {
    const entry = kubernetesVersions.find((candidate) => candidate.version === version);
    return entry === undefined ? undefined : imagesOf(entry).find(({ component }) => component === 'flannel')?.image;
  }

  /** Without names of images: nodes pull them as the manifest names them, pinned by digest where it does. */
  cniManifests(cni: Cni): CniManifests | undefined {
    return this.#cni.get(cni);
  }

  /** The newest release of each plugin that somebody pinned. One that is damaged is as good as none. */
  async #readCni(): Promise<Map<Cni, CniManifests>> {
    const { mirror, log } = this.parts;
    const found = new Map<Cni, CniManifests>();
    for (const name of upstreamCnis) {
      try {
        const entry = await mirror.cni.newest(name, []);
        const text = entry === undefined ? undefined : await mirror.cni.text(name, entry.version);
        if (text !== undefined) found.set(cniOf[name], { text });
      } catch (thrown) {
        const { code, message, remedy } = toFlotillaError(thrown);
        log.error({ code, err: message, remedy }, 'the manifest of a network plugin cannot be used');
      }
    }
    return found;
  }

  knows(version: string): boolean {
    return kubernetesVersions.some((entry) => entry.version === version && entry.existingClusters === 'available');
  }

  async sync(
    request: { readonly version: string; readonly arch: string; readonly source: string },
    progress: (report: SyncProgress) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const arch = parseArch(request.arch);
    const source = this.parts.sources[parseSource(request.source, this.parts.defaultSource)];
    const key = `${request.version} ${arch}`;
    if (this.#syncing.has(key)) throw alreadySyncing(request.version, arch);
    this.#syncing.add(key);
    try {
      await this.parts.mirror.sync(request.version, arch, source, {
        signal,
        progress: ({ phase, name, doneBytes, totalBytes }) =>
          progress({ phase, name, doneBytes, totalBytes: totalBytes ?? 0 }),
      });
      this.parts.log.info({ version: request.version, arch, source: source.name }, 'artifacts are in the mirror');
    } finally {
      this.#syncing.delete(key);
      await this.refresh();
    }
  }
}

function parseArch(text: string): Architecture {
  const arch = architectures.find((each) => each === text);
  if (arch !== undefined) return arch;
  throw new FlotillaError(
    'ARCHITECTURE_UNSUPPORTED',
    `${JSON.stringify(text.slice(0, 40))} is not an architecture of nodes.`,
    {
      kind: 'invalid-argument',
      remedy: `Choose one of ${architectures.join(', ')}.`,
    },
  );
}

function parseSource(text: string, preset: SourceName): SourceName {
  if (text === '') return preset;
  if (text === 'upstream' || text === 'build') return text;
  throw new FlotillaError('SOURCE_UNKNOWN', `${JSON.stringify(text.slice(0, 40))} is not a source of artifacts.`, {
    kind: 'invalid-argument',
    remedy: 'Choose upstream (download) or build (compile on the server).',
  });
}

function alreadySyncing(version: string, arch: string): FlotillaError {
  return new FlotillaError('SYNC_RUNNING', `${version} for ${arch} is being synced already.`, {
    kind: 'conflict',
    retry: 'later',
    remedy: 'Wait for it; see the state with: flotilla get versions',
  });
}
