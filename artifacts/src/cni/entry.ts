import { FlotillaError } from '@flotilla/kit';
import { z } from 'zod';
import {
  architectures,
  fileSizeBytesMax,
  imagePattern,
  nodeRoles,
  type ArchArtifacts,
  type Architecture,
  type ImageFile,
} from '../manifest.js';
import { cniVersionSchema, upstreamCnis } from './catalog.js';

const facts = z.strictObject({
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  sizeBytes: z.number().int().positive().max(fileSizeBytesMax),
});

const image = z.strictObject({
  /** As the manifest writes it. */
  upstream: z.string().min(1).max(512),
  /** As nodes know it after the import. */
  image: z.string().max(255).regex(imagePattern),
  arch: z.strictObject({ amd64: facts.optional(), arm64: facts.optional() }),
});

const entry = z.strictObject({
  schema: z.literal(1),
  cni: z.enum(upstreamCnis),
  version: cniVersionSchema,
  /** Where the manifest came from; for people. */
  origin: z.string().max(4096),
  manifest: facts,
  images: z.array(image).min(1).max(50),
});

/** What the mirror has of one release of a network plugin. */
export type CniEntry = z.infer<typeof entry>;

/** Untrusted data to an entry; CNI_ENTRY_INVALID with every problem listed. */
export function parseCniEntry(input: unknown): CniEntry {
  const parsed = entry.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'entry'}: ${issue.message}`);
  throw new FlotillaError('CNI_ENTRY_INVALID', `Not an entry of a network plugin: ${problems.join('; ')}.`, {
    kind: 'data-loss',
    remedy: 'Pin the plugin again, or import its bundle again.',
  });
}

/** Every file of an entry: the manifest, then the images. */
export function filesOf({
  cni,
  manifest,
  images,
}: CniEntry): readonly { name: string; sha256: string; sizeBytes: number }[] {
  const found = [{ name: `${cni}.yaml`, ...manifest }];
  for (const { image: name, arch } of images) {
    for (const one of architectures) {
      const file = arch[one];
      if (file !== undefined) found.push({ name: `${name} ${one}`, ...file });
    }
  }
  return found;
}

/** Architectures for which every image is there. */
export function architecturesOfCni({ images }: CniEntry): readonly Architecture[] {
  return architectures.filter((one) => images.every(({ arch }) => arch[one] !== undefined));
}

/** Image of the manifest → reference under which nodes have it. */
export function imagesOfCni({ images }: CniEntry): Readonly<Record<string, string>> {
  return Object.fromEntries(images.map(({ upstream, image: local }) => [upstream, local]));
}

/**
 * The files of a node in a cluster with this plugin: its images in place of flannel's. Undefined when the entry lacks
 * the architecture.
 */
export function withCniImages(
  artifacts: ArchArtifacts,
  added: CniEntry,
  arch: Architecture,
): ArchArtifacts | undefined {
  const files: ImageFile[] = [];
  const names = new Set<string>();
  for (const { image: reference, arch: byArch } of added.images) {
    const file = byArch[arch];
    if (file === undefined) return undefined;
    const base = `image-${added.cni}-${
      reference
        .replace(/:[^:/]+$/, '')
        .split('/')
        .at(-1)
        ?.replace(/[^a-z0-9.-]/g, '-') ?? ''
    }`.slice(0, 56);
    let name = base;
    for (let i = 2; names.has(name); i++) name = `${base}-${i}`;
    names.add(name);
    const inside = { version: added.version, image: reference, format: 'oci-archive' as const };
    files.push({ role: 'image', name, ...file, neededBy: [...nodeRoles], ...inside });
  }
  return { ...artifacts, files: [...artifacts.files.filter(({ name }) => name !== 'image-flannel'), ...files] };
}
