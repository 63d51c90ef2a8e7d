import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FlotillaError, type Clock, type Random } from '@flotilla/kit';
import { remove, writeFrom, type FileFacts } from '../adapters/disk.js';
import { httpGet, type HttpGet } from '../adapters/http.js';
import { readTar } from '../adapters/tar.js';
import { imagesOf, type CatalogImage, type KubernetesVersion } from '../catalog.js';
import { fileSizeBytesMax, nodeRoles, type ArchArtifacts, type ArtifactFile, type BinaryFile } from '../manifest.js';
import type { ArtifactSource, FetchRequest } from '../source.js';
import { downloadVerified, fetchSmall, type DownloadPorts } from './download.js';
import { defaultBases, parseChecksum, releasesOf, type Release, type UpstreamBases } from './layout.js';
import { RegistryClient } from './registry.js';

export interface UpstreamSourceOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Addresses other than the projects' own, such as an internal mirror. */
  readonly bases?: Partial<UpstreamBases>;
  readonly http?: HttpGet;
}

const checksumBytesMax = 64 * 1024;

/** Downloads what the projects release. */
export class UpstreamSource implements ArtifactSource {
  readonly name = 'upstream';
  readonly #bases: UpstreamBases;

  constructor(private readonly options: UpstreamSourceOptions) {
    const registries = { ...defaultBases.registries, ...options.bases?.registries };
    this.#bases = { ...defaultBases, ...options.bases, registries };
  }

  async fetch({ version, arch, into, progress, signal }: FetchRequest): Promise<ArchArtifacts> {
    const { clock, random, http = httpGet } = this.options;
    const ports: DownloadPorts = { http, clock, random, sink: into, progress, signal };
    const files: ArtifactFile[] = [];
    for (const release of releasesOf(version, arch, this.#bases)) files.push(...(await fetchRelease(release, ports)));
    const registry = new RegistryClient(this.#bases.registries, ports);
    for (const { name, image, component, neededBy } of imagesOf(version)) {
      const { sha256, sizeBytes } = await registry.pull(image, arch);
      const inside = componentVersion(version, component);
      files.push({
        role: 'image',
        name,
        version: inside,
        sizeBytes,
        sha256,
        neededBy: [...neededBy],
        image,
        format: 'oci-archive',
      });
    }
    return { origin: 'upstream', components: { ...version.components }, files };
  }
}

function componentVersion(version: KubernetesVersion, component: CatalogImage['component']): string {
  return component === 'kubernetes' ? version.version.slice(1) : version.components[component];
}

async function fetchRelease(release: Release, ports: DownloadPorts): Promise<BinaryFile[]> {
  const fileName = basename(new URL(release.url).pathname);
  const answer = await fetchSmall({ url: release.checksumUrl, name: fileName }, checksumBytesMax, ports);
  const sha256 = parseChecksum(answer.body.toString('utf8'), fileName);
  if (sha256 === undefined) {
    throw new FlotillaError('ARTIFACT_CORRUPT', `${release.checksumUrl} has no sha256 for ${fileName}.`, {
      kind: 'data-loss',
      remedy: 'Check that the address is the release file and not a page of a proxy.',
    });
  }
  const found = await takeAll(release, fileName, sha256, ports);
  return release.programs.map(({ name, install }) => {
    const facts = found.get(name);
    if (!facts) throw new Error(`${name} was not taken from ${fileName}`);
    return {
      role: 'binary',
      name,
      version: release.version,
      ...facts,
      neededBy: [...nodeRoles],
      install,
      mode: '0755',
    };
  });
}

async function takeAll(
  release: Release,
  fileName: string,
  sha256: string,
  ports: DownloadPorts,
): Promise<Map<string, FileFacts>> {
  const { sink } = ports;
  const found = new Map<string, FileFacts>();
  for (const { name, member } of release.programs) {
    const sizeBytes = member === undefined ? await sink.size(sha256) : undefined;
    const facts = sizeBytes === undefined ? await sink.recall(`${sha256} ${member ?? ''}`) : { sha256, sizeBytes };
    if (facts) found.set(name, facts);
  }
  if (found.size === release.programs.length) return found;
  const path = await downloadVerified({ url: release.url, name: fileName, sha256 }, ports);
  const [first] = release.programs;
  if (first && first.member === undefined) {
    return found.set(first.name, await sink.commit(path, { sha256 }));
  }
  for (const [name, facts] of await unpack(release, path, sha256, ports)) found.set(name, facts);
  await remove(path);
  return found;
}

/** Takes the wanted programs out of a verified archive; whatever else is in it is not looked at. */
async function unpack(
  release: Release,
  path: string,
  sha256: string,
  ports: DownloadPorts,
): Promise<Map<string, FileFacts>> {
  const { sink, signal } = ports;
  const found = new Map<string, FileFacts>();
  await readTar(
    path,
    async ({ name, type, sizeBytes }, content) => {
      const program = release.programs.find(({ member }) => member === name.replace(/^\.\//, ''));
      if (!program || type !== 'file' || sizeBytes > fileSizeBytesMax || found.has(program.name)) return;
      await sink.reserve(sizeBytes);
      const target = await sink.partial(`member ${sha256} ${program.name}`);
      await pipeline(content, await writeFrom(target, 0), { signal });
      const facts = await sink.commit(target, { sizeBytes });
      await sink.remember(`${sha256} ${program.member ?? ''}`, facts);
      found.set(program.name, facts);
    },
    { gzip: true, signal },
  );
  const missing = release.programs.filter(({ name }) => !found.has(name)).map(({ name }) => name);
  if (missing.length === 0) return found;
  throw new FlotillaError('ARTIFACT_CORRUPT', `${release.url} has no ${missing.join(', ')}.`, {
    kind: 'data-loss',
    remedy: 'The layout of this release is not the known one. Choose another version or upgrade Flotilla.',
  });
}
