import {
  ArtifactState,
  GetVersionRequest,
  KubernetesVersion,
  ListVersionsRequest,
  type VersionArtifacts,
  VersionServiceService,
} from '@flotilla/proto';
import { formatBytes } from '@flotilla/kit';
import { field } from '../output/describe.js';
import { artifactStateText } from '../output/states.js';
import { allPages } from './pages.js';
import { dash } from './places.js';
import { answered, type Goal, type Item, listOptions, noStanding, type Resource, toKindJson } from './resource.js';

function toItem(version: KubernetesVersion): Item {
  const name = version.version;
  return {
    id: name,
    name,
    json: toKindJson('version', KubernetesVersion.toJSON(version)),
    standing: { ...noStanding, status: artifactsText(version), reached: reachedGoals(version) },
    cells: () => [
      { text: name },
      { text: availability(version.availableForNewClusters) },
      { text: availability(version.availableForExistingClusters) },
      { text: artifactsText(version) },
      { text: dash(version.supportedSince) },
    ],
    describe: () => Promise.resolve(describe(version)),
  };
}

function reachedGoals({ artifacts }: KubernetesVersion): Goal[] {
  return artifacts.some(({ state }) => state === ArtifactState.MIRRORED) ? ['available'] : [];
}

function availability(available: boolean): string {
  return available ? 'available' : 'not available';
}

function artifactsText({ artifacts }: KubernetesVersion): string {
  return dash(artifacts.map(({ arch, state }) => `${arch} ${artifactStateText(state)}`).join(', '));
}

/** `amd64 mirrored, 12 files, 640 MiB, manifest sha256 …`. */
export function artifactLine({ arch, state, files, sizeBytes, manifestSha256 }: VersionArtifacts): string {
  if (state !== ArtifactState.MIRRORED) return `${arch} ${artifactStateText(state)}`;
  return `${arch} mirrored, ${files} files, ${formatBytes(Number(sizeBytes))}, manifest sha256 ${manifestSha256}`;
}

function describe(version: KubernetesVersion): string[] {
  const components = Object.entries(version.components).map(([name, text]) => `${name} ${text}`);
  return [
    `Kubernetes ${version.version}, supported since ${dash(version.supportedSince)}`,
    ...field('New', `${availability(version.availableForNewClusters)} for new clusters`),
    ...field('Old', `${availability(version.availableForExistingClusters)} for existing clusters`),
    ...field('With', components.join(', ')),
    ...field(
      'Mirror',
      version.artifacts.length === 0
        ? `empty; fill it: flotilla artifacts sync ${version.version}`
        : version.artifacts.map(artifactLine).join('\n'),
    ),
  ];
}

export const versionResource: Resource = {
  columns: [
    { header: 'VERSION' },
    { header: 'NEW CLUSTERS' },
    { header: 'EXISTING CLUSTERS' },
    { header: 'ARTIFACTS' },
    { header: 'SUPPORTED SINCE' },
  ],
  goals: ['available'],
  list: async ({ connection }, query) => {
    const versions = await allPages(async (page) => {
      const request = ListVersionsRequest.create({ options: listOptions(page, query) });
      const { versions: items, nextPageToken } = await connection.unary(VersionServiceService.listVersions, request);
      return { items, nextPageToken };
    });
    return versions.map(toItem);
  },
  get: async ({ connection }, name) => {
    const request = GetVersionRequest.create({ version: name });
    const { version } = await connection.unary(VersionServiceService.getVersion, request);
    return toItem(answered(version, 'version'));
  },
};
