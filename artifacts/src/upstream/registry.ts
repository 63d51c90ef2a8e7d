import { createHash } from 'node:crypto';
import { FlotillaError } from '@flotilla/kit';
import { z } from 'zod';
import { remove, sizeOf, type FileFacts } from '../adapters/disk.js';
import { writeTar, type TarEntry } from '../adapters/tar.js';
import type { Architecture } from '../manifest.js';
import { downloadVerified, fetchSmall, type DownloadPorts, type SmallRequest } from './download.js';

const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
const documentBytesMax = 4 * 1024 ** 2;
const layersMax = 128;

const descriptor = z.object({
  mediaType: z.string().max(255),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  size: z.number().int().nonnegative(),
});
const index = z.object({
  manifests: z.array(
    descriptor.extend({ platform: z.object({ os: z.string(), architecture: z.string() }).optional() }),
  ),
});
const manifest = z.object({ config: descriptor, layers: z.array(descriptor).min(1).max(layersMax) });
const token = z.object({ token: z.string().optional(), access_token: z.string().optional() });

type Descriptor = z.infer<typeof descriptor>;

/** An image's reference in parts; at least one of tag and digest is there. */
export interface Reference {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | undefined;
  /** `sha256:<64 hex>`; outranks the tag. */
  readonly digest: string | undefined;
}

/**
 * `registry/repository:tag@digest` in parts. Short forms mean what they mean to a container runtime: without a
 * registry it is docker.io, without a path there `library`. No tag and no digest would be `latest`, which is refused.
 */
export function parseReference(image: string): Reference {
  const match = /^([^@\s]+?)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/.exec(image);
  const [, path = '', tag, digest] = match ?? [];
  const parts = path.split('/');
  const named = parts.length > 1 && /[.:]|^localhost$/.test(parts[0] ?? '');
  const registry = named ? (parts[0] ?? '') : 'docker.io';
  const rest = named ? parts.slice(1) : parts;
  const repository = registry === 'docker.io' && rest.length === 1 ? `library/${rest.join('')}` : rest.join('/');
  const isRepository = repository.split('/').every((part) => /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*$/.test(part));
  if (match === null || !isRepository || (tag === undefined && digest === undefined)) {
    throw new FlotillaError(
      'IMAGE_REFERENCE_INVALID',
      `${JSON.stringify(image.slice(0, 120))} is no image with a tag.`,
      {
        kind: 'invalid-argument',
        remedy: 'Name an image as registry/repository:tag, with or without a digest.',
      },
    );
  }
  return { registry, repository, tag, digest };
}

/**
 * Pulls one image for one architecture and puts it into the sink as an archive of the OCI layout, which
 * `ctr images import` reads. Everything below the tag is verified by digest.
 */
export class RegistryClient {
  readonly #tokens = new Map<string, string>();

  constructor(
    private readonly registries: Readonly<Record<string, string>>,
    private readonly ports: DownloadPorts,
  ) {}

  /** `as` is the name the archive gives it; that of the reference unless told. */
  async pull(image: string, arch: Architecture, as = image): Promise<FileFacts> {
    const { sink } = this.ports;
    const reference = parseReference(image);
    const base = this.registries[reference.registry];
    if (base === undefined) {
      throw new FlotillaError('REGISTRY_UNKNOWN', `No address is configured for the registry ${reference.registry}.`, {
        kind: 'invalid-argument',
        remedy: 'Add it to the registries of the upstream source.',
      });
    }
    const found = await this.#resolve(base, reference, arch);
    const known = await sink.recall(`image ${as} ${found.digest}`);
    if (known) return known;
    const { config, layers } = parse(manifest, found.body, image);
    const blobs = new Map([config, ...layers].map((blob) => [blob.digest, blob]));
    const paths = new Map<string, string>();
    for (const blob of blobs.values()) paths.set(blob.digest, await this.#blob(base, reference, blob));
    const archive = await sink.partial(`image ${image} ${arch}`);
    await writeTar(archive, await ociEntries(as, found, paths), { signal: this.ports.signal });
    const facts = await sink.commit(archive);
    await sink.remember(`image ${as} ${found.digest}`, facts);
    for (const path of paths.values()) await remove(path);
    return facts;
  }

  async #resolve(base: string, reference: Reference, arch: Architecture): Promise<ManifestDocument> {
    const { repository } = reference;
    const tag = reference.digest ?? reference.tag ?? '';
    const top = await this.#document(base, repository, tag);
    if (!indexTypes.includes(top.mediaType)) return top;
    const { manifests } = parse(index, top.body, repository);
    const match = manifests.find(({ platform }) => platform?.os === 'linux' && platform.architecture === arch);
    if (!match) {
      throw new FlotillaError('ARCHITECTURE_UNSUPPORTED', `${repository}:${tag} is not published for ${arch}.`, {
        kind: 'not-found',
        remedy: 'Choose another version or architecture.',
      });
    }
    return this.#document(base, repository, match.digest);
  }

  async #document(base: string, repository: string, tagOrDigest: string): Promise<ManifestDocument> {
    const accept = [...indexTypes, ...manifestTypes].join(', ');
    const answer = await this.#authorized(base, repository, `/v2/${repository}/manifests/${tagOrDigest}`, accept);
    const digest = `sha256:${createHash('sha256').update(answer.body).digest('hex')}`;
    const wanted = tagOrDigest.startsWith('sha256:') ? tagOrDigest : answer.headers['docker-content-digest'];
    if (wanted !== undefined && wanted !== digest) throw corrupt(`${repository}:${tagOrDigest} has digest ${digest}`);
    const mediaType = (answer.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
    if (![...indexTypes, ...manifestTypes].includes(mediaType)) {
      throw corrupt(`${repository}:${tagOrDigest} is ${mediaType || 'of no type'}`);
    }
    return { mediaType, digest, body: answer.body };
  }

  async #authorized(
    base: string,
    repository: string,
    path: string,
    accept: string,
  ): Promise<{
    headers: Record<string, string | string[] | undefined> & { 'content-type'?: string | undefined };
    body: Buffer;
  }> {
    const request = (): SmallRequest => ({
      url: `${base}${path}`,
      name: repository,
      headers: { accept, ...this.#authorization(repository) },
      loginAnswered: true,
    });
    const first = await fetchSmall(request(), documentBytesMax, this.ports);
    if (first.status !== 401) return first;
    await this.#authenticate(base, repository, first.headers['www-authenticate']);
    const second = await fetchSmall(request(), documentBytesMax, this.ports);
    if (second.status !== 401) return second;
    throw refused(base, repository);
  }

  /** Public images need a token too in some registries; it is given to anybody who asks. */
  async #authenticate(base: string, repository: string, challenge: string | undefined): Promise<void> {
    const fields = new Map(
      [...(challenge ?? '').matchAll(/(\w+)="([^"]*)"/g)].map((match) => [match[1], match[2] ?? '']),
    );
    const realm = fields.get('realm');
    if (realm === undefined || !URL.canParse(realm)) throw refused(base, repository);
    const url = new URL(realm);
    if (url.protocol !== 'https:' && url.origin !== new URL(base).origin) throw refused(base, repository);
    for (const name of ['service', 'scope']) {
      const value = fields.get(name);
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const answer = await fetchSmall({ url: url.href, name: repository }, documentBytesMax, this.ports);
    const granted = parse(token, answer.body, repository);
    const value = granted.token ?? granted.access_token;
    if (value === undefined) throw refused(base, repository);
    this.#tokens.set(repository, value);
  }

  #authorization(repository: string): Record<string, string> {
    const value = this.#tokens.get(repository);
    return value === undefined ? {} : { authorization: `Bearer ${value}` };
  }

  #blob(base: string, { repository }: Reference, { digest, size }: Descriptor): Promise<string> {
    return downloadVerified(
      {
        url: `${base}/v2/${repository}/blobs/${digest}`,
        name: `${repository} ${digest.slice(7, 19)}`,
        headers: this.#authorization(repository),
        sha256: digest.slice('sha256:'.length),
        sizeBytes: size,
      },
      this.ports,
    );
  }
}

interface ManifestDocument {
  readonly mediaType: string;
  readonly digest: string;
  readonly body: Buffer;
}

async function ociEntries(
  image: string,
  found: ManifestDocument,
  paths: ReadonlyMap<string, string>,
): Promise<TarEntry[]> {
  const text = (name: string, data: Buffer): TarEntry => ({ type: 'file', name, mode: 0o644, data });
  const entries: TarEntry[] = [
    text('oci-layout', Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' }))),
    text(
      'index.json',
      Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: indexTypes[0],
          manifests: [
            {
              mediaType: found.mediaType,
              digest: found.digest,
              size: found.body.length,
              annotations: {
                'io.containerd.image.name': image,
                'org.opencontainers.image.ref.name': parseReference(image).tag ?? '',
              },
            },
          ],
        }),
      ),
    ),
    text(`blobs/sha256/${found.digest.slice(7)}`, found.body),
  ];
  for (const [digest, path] of [...paths].sort(([left], [right]) => (left < right ? -1 : 1))) {
    const sizeBytes = (await sizeOf(path)) ?? 0;
    entries.push({ type: 'file', name: `blobs/sha256/${digest.slice(7)}`, mode: 0o644, path, sizeBytes });
  }
  return entries;
}

function parse<Output>(schema: z.ZodType<Output>, body: Buffer, what: string): Output {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw corrupt(`${what} is not JSON`);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw corrupt(`${what}: ${parsed.error.issues[0]?.message ?? 'unreadable'}`);
  return parsed.data;
}

function corrupt(problem: string): FlotillaError {
  return new FlotillaError('ARTIFACT_CORRUPT', `The registry's answer is not what it should be: ${problem}.`, {
    kind: 'data-loss',
    remedy: 'Check that the configured address is a registry and not a page of a proxy.',
  });
}

function refused(base: string, repository: string): FlotillaError {
  return new FlotillaError('ARTIFACT_REFUSED', `${base} does not give ${repository} to the public.`, {
    kind: 'permission',
    remedy: 'Point the registry at a mirror that needs no login, or import a bundle.',
  });
}
