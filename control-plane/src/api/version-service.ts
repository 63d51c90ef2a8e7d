import { FlotillaError, suggestion } from '@flotilla/kit';
import { ArtifactState, KubernetesVersion, VersionArtifacts } from '@flotilla/proto';
import type { ServiceHandlers } from './call.js';
import { toListQuery } from './list.js';
import { pageOf } from './memory-page.js';
import type { ApiParts, ArtifactsPort } from './parts.js';

type Entry = ArtifactsPort['catalogue'][number];

export function versionService(parts: ApiParts): ServiceHandlers<'VersionService'> {
  const { artifacts, server, store } = parts;
  return {
    getVersion: async (request) => ({ version: toVersion(findEntry(artifacts, request.version), artifacts) }),

    async listVersions(request) {
      // The newest first.
      const page = pageOf([...artifacts.catalogue].reverse(), toListQuery(request.options), 'version');
      return { versions: page.items.map((entry) => toVersion(entry, artifacts)), nextPageToken: page.nextPageToken };
    },

    async syncArtifacts(request, send, call) {
      const { version } = findEntry(artifacts, request.version);
      const arch = request.arch || artifacts.defaultArch;
      // The newest report wins: a slow reader gets fewer lines, and the sync never waits for it.
      let pending: Parameters<Parameters<ArtifactsPort['sync']>[1]>[0] | undefined;
      let sending: Promise<void> = Promise.resolve();
      let busy = false;
      const pump = async (): Promise<void> => {
        busy = true;
        while (pending !== undefined) {
          const { phase, name, doneBytes, totalBytes } = pending;
          pending = undefined;
          await send({ phase, name, doneBytes: BigInt(doneBytes), totalBytes: BigInt(totalBytes), result: undefined });
        }
        busy = false;
      };
      await artifacts.sync(
        { version, arch, source: request.source },
        (report) => {
          pending = report;
          // A reader that has gone shows in the call's signal, which ends the sync.
          if (!busy) sending = pump().catch(() => undefined);
        },
        call.signal,
      );
      await sending;
      await send({
        phase: 'done',
        name: '',
        doneBytes: 0n,
        totalBytes: 0n,
        result: toArtifacts(version, arch, artifacts),
      });
    },

    getServerInfo: async () => ({
      version: server.version,
      instanceId: store.instance.instanceId,
      publicUrl: server.publicUrl,
      publicKeyPin: server.publicKeyPin,
      caPin: server.caPin,
      epoch: BigInt(store.instance.epoch),
      agentsConnected: parts.agentsConnected(),
    }),
  };
}

function findEntry({ catalogue }: ArtifactsPort, version: string): Entry {
  const entry = catalogue.find((candidate) => candidate.version === version);
  if (entry !== undefined) return entry;
  const known = catalogue.map((candidate) => candidate.version);
  const near = suggestion(version, known);
  throw new FlotillaError('VERSION_UNKNOWN', `${JSON.stringify(version.slice(0, 40))} is not in the catalogue.`, {
    kind: 'not-found',
    remedy: near === undefined ? `There are: ${known.join(', ')}.` : `Did you mean ${near}?`,
  });
}

function toVersion(entry: Entry, artifacts: ArtifactsPort): KubernetesVersion {
  return KubernetesVersion.create({
    version: entry.version,
    supportedSince: entry.supportedSince,
    availableForNewClusters: entry.availableForNewClusters,
    availableForExistingClusters: entry.availableForExistingClusters,
    availabilityNote: entry.availabilityNote ?? '',
    components: { ...entry.components },
    artifacts: entry.architectures.map((arch) => toArtifacts(entry.version, arch, artifacts)),
  });
}

const states = {
  missing: ArtifactState.MISSING,
  syncing: ArtifactState.SYNCING,
  mirrored: ArtifactState.MIRRORED,
} as const;

function toArtifacts(version: string, arch: string, artifacts: ArtifactsPort): VersionArtifacts {
  const { state, files, sizeBytes, manifestSha256 } = artifacts.state(version, arch);
  return VersionArtifacts.create({ arch, state: states[state], files, sizeBytes: BigInt(sizeBytes), manifestSha256 });
}
