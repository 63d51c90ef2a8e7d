import { createHash } from 'node:crypto';
import { FlotillaError } from '@flotilla/kit';
import { z } from 'zod';

/** CPU architectures, in the words of Kubernetes and Go. */
export const architectures = ['amd64', 'arm64'] as const;
export type Architecture = (typeof architectures)[number];

/** The kinds of node a file is for. A control-plane node takes both lists that name it. */
export const nodeRoles = ['control-plane', 'worker'] as const;
export type NodeRole = (typeof nodeRoles)[number];

const versionPattern = /^v(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})$/;
const sha256Pattern = /^[0-9a-f]{64}$/;
const namePattern = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/;
/** Registry, repository and tag; no digest: nodes find imported images by name. */
export const imagePattern = /^[a-z0-9.-]+(?::\d{1,5})?(?:\/[a-z0-9._-]+)+:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** No file of a node is larger; the largest today is about 0.1 GB. */
export const fileSizeBytesMax = 4 * 1024 ** 3;
/** No manifest has more files per architecture; today there are about 24. */
export const filesMax = 200;

const common = {
  name: z.string().regex(namePattern),
  /** What is inside, as its project numbers it. */
  version: z.string().min(1).max(64),
  sizeBytes: z.number().int().positive().max(fileSizeBytesMax),
  sha256: z.string().regex(sha256Pattern),
  neededBy: z.array(z.enum(nodeRoles)).min(1).max(nodeRoles.length),
};

const binaryFile = z.strictObject({
  role: z.literal('binary'),
  ...common,
  /** Where the node puts it: its directory of programs, or the one containerd searches for CNI plugins. */
  install: z.enum(['bin', 'cni-bin']),
  mode: z.literal('0755'),
});

const imageFile = z.strictObject({
  role: z.literal('image'),
  ...common,
  /** Full reference under which the container runtime must know it after the import. */
  image: z.string().max(255).regex(imagePattern),
  format: z.enum(['docker-archive', 'oci-archive']),
});

const file = z.discriminatedUnion('role', [binaryFile, imageFile]);

const components = z.strictObject({
  etcd: z.string().min(1).max(64),
  coredns: z.string().min(1).max(64),
  pause: z.string().min(1).max(64),
  containerd: z.string().min(1).max(64),
  runc: z.string().min(1).max(64),
  cniPlugins: z.string().min(1).max(64),
  flannel: z.string().min(1).max(64),
  /** Absent where the source cannot provide it: a node works without crictl. */
  crictl: z.string().min(1).max(64).optional(),
});

const archArtifacts = z
  .strictObject({
    origin: z.enum(['upstream', 'build']),
    /** Versions of what is inside the files, not of what a file is called. */
    components,
    files: z.array(file).min(1).max(filesMax),
  })
  .superRefine((arch, context) => {
    const names = new Set<string>();
    for (const { name } of arch.files) {
      if (names.has(name)) context.addIssue({ code: 'custom', message: `two files have the name ${name}` });
      names.add(name);
    }
  });

const manifest = z
  .strictObject({
    schema: z.literal(1),
    kubernetesVersion: z.string().regex(versionPattern),
    arch: z.strictObject({ amd64: archArtifacts.optional(), arm64: archArtifacts.optional() }),
  })
  .refine(({ arch }) => arch.amd64 ?? arch.arm64, { message: 'no architecture has files', path: ['arch'] });

/** One file of a node. `name` is unique within version and architecture, and is the file name of a binary. */
export type ArtifactFile = z.infer<typeof file>;
export type BinaryFile = z.infer<typeof binaryFile>;
export type ImageFile = z.infer<typeof imageFile>;
export type ComponentVersions = z.infer<typeof components>;
/** Everything for one architecture of one Kubernetes version, and where it came from. */
export type ArchArtifacts = z.infer<typeof archArtifacts>;
/** Everything for one Kubernetes version. Canonical JSON of it is what digests and bundles are made of. */
export type ArtifactManifest = z.infer<typeof manifest>;

/**
 * Untrusted data to a manifest. Unknown fields are refused: a node acts on a manifest as root.
 * Throws `ARTIFACT_MANIFEST_INVALID` with every problem listed.
 */
export function parseManifest(input: unknown): ArtifactManifest {
  const parsed = manifest.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'manifest'}: ${issue.message}`);
  throw new FlotillaError('ARTIFACT_MANIFEST_INVALID', `Not a manifest of artifacts: ${problems.join('; ')}.`, {
    kind: 'invalid-argument',
    remedy: 'Sync the version again, or export the bundle again with this release of Flotilla.',
  });
}

/** True for `v<major>.<minor>.<patch>` without leading zeros; safe as a file name. */
export function isKubernetesVersion(text: string): boolean {
  return versionPattern.test(text);
}

/** True for 64 lower-case hex digits; safe as a file name. */
export function isSha256(text: string): boolean {
  return sha256Pattern.test(text);
}

/** JSON with sorted keys, no spaces, files sorted by name: equal manifests give equal bytes. */
export function canonicalJson(value: ArtifactManifest): string {
  const sorted = structuredClone(value);
  for (const arch of [sorted.arch.amd64, sorted.arch.arm64]) {
    arch?.files.sort((left, right) => (left.name < right.name ? -1 : 1));
    for (const entry of arch?.files ?? []) entry.neededBy = nodeRoles.filter((role) => entry.neededBy.includes(role));
  }
  return JSON.stringify(sorted, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)))
      : inner,
  );
}

/** sha256 of the canonical JSON, in hex. */
export function digestOf(value: ArtifactManifest): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** The same manifest with one architecture replaced or added. */
export function withArch(
  base: ArtifactManifest | undefined,
  kubernetesVersion: string,
  arch: Architecture,
  artifacts: ArchArtifacts,
): ArtifactManifest {
  return parseManifest({ schema: 1, kubernetesVersion, arch: { ...base?.arch, [arch]: artifacts } });
}

/** The files a node of this role takes, binaries first, each group by name. */
export function filesFor(artifacts: ArchArtifacts, role: NodeRole): ArtifactFile[] {
  return artifacts.files
    .filter((entry) => entry.neededBy.includes(role))
    .sort((left, right) => left.role.localeCompare(right.role) || (left.name < right.name ? -1 : 1));
}

/** Architectures that a manifest has files for. */
export function architecturesOf(value: ArtifactManifest): Architecture[] {
  return architectures.filter((arch) => value.arch[arch] !== undefined);
}

/** Every file of every architecture. */
export function allFiles(value: ArtifactManifest): ArtifactFile[] {
  return architectures.flatMap((arch) => value.arch[arch]?.files ?? []);
}
