import { cniPluginNames, type KubernetesVersion } from '../catalog.js';
import type { Architecture, BinaryFile } from '../manifest.js';

/** Where releases are found. A mirror with the same paths below works as well. */
export interface UpstreamBases {
  /** Layout of dl.k8s.io: `/release/<version>/bin/linux/<arch>/<program>`. */
  readonly kubernetes: string;
  /** Layout of github.com: `/<owner>/<repository>/releases/download/<tag>/<file>`. */
  readonly github: string;
  /** Base addresses of registries, by the host name in an image's reference. */
  readonly registries: Readonly<Record<string, string>>;
}

export const defaultBases: UpstreamBases = {
  kubernetes: 'https://dl.k8s.io',
  github: 'https://github.com',
  registries: {
    'registry.k8s.io': 'https://registry.k8s.io',
    'ghcr.io': 'https://ghcr.io',
    'quay.io': 'https://quay.io',
    'docker.io': 'https://registry-1.docker.io',
  },
};

/** A program for a node and, for an archive, the path of it inside. */
export interface ReleasedProgram {
  readonly name: string;
  readonly install: BinaryFile['install'];
  readonly member?: string;
}

/** One file to download: a program, or a gzipped tar with several. */
export interface Release {
  readonly version: string;
  readonly url: string;
  readonly checksumUrl: string;
  readonly programs: readonly ReleasedProgram[];
}

/** Everything but the images of a version. */
export function releasesOf(
  { version, components }: KubernetesVersion,
  arch: Architecture,
  bases: UpstreamBases,
): Release[] {
  const github = (project: string, tag: string, file: string): string =>
    `${bases.github}/${project}/releases/download/${tag}/${file}`;
  const containerd = github(
    'containerd/containerd',
    `v${components.containerd}`,
    `containerd-${components.containerd}-linux-${arch}.tar.gz`,
  );
  const runc = (file: string): string => github('opencontainers/runc', `v${components.runc}`, file);
  const cni = github(
    'containernetworking/plugins',
    `v${components.cniPlugins}`,
    `cni-plugins-linux-${arch}-v${components.cniPlugins}.tgz`,
  );
  const crictl = github(
    'kubernetes-sigs/cri-tools',
    `v${components.crictl}`,
    `crictl-v${components.crictl}-linux-${arch}.tar.gz`,
  );
  return [
    ...['kubeadm', 'kubelet', 'kubectl'].map((name): Release => {
      const url = `${bases.kubernetes}/release/${version}/bin/linux/${arch}/${name}`;
      return { version: version.slice(1), url, checksumUrl: `${url}.sha256`, programs: [{ name, install: 'bin' }] };
    }),
    {
      version: components.containerd,
      url: containerd,
      checksumUrl: `${containerd}.sha256sum`,
      programs: inArchive(['containerd', 'containerd-shim-runc-v2', 'ctr'], 'bin', 'bin/'),
    },
    {
      version: components.runc,
      url: runc(`runc.${arch}`),
      checksumUrl: runc('runc.sha256sum'),
      programs: [{ name: 'runc', install: 'bin' }],
    },
    {
      version: components.cniPlugins,
      url: cni,
      checksumUrl: `${cni}.sha256`,
      programs: inArchive(cniPluginNames, 'cni-bin', ''),
    },
    {
      version: components.crictl,
      url: crictl,
      checksumUrl: `${crictl}.sha256`,
      programs: inArchive(['crictl'], 'bin', ''),
    },
  ];
}

function inArchive(names: readonly string[], install: BinaryFile['install'], prefix: string): ReleasedProgram[] {
  return names.map((name) => ({ name, install, member: `${prefix}${name}` }));
}

/**
 * The hash of one file from a published checksum file: a lone hash, or lines of `<hash>  <name>` as sha256sum writes
 * them. Undefined when there is none for that file.
 */
export function parseChecksum(text: string, fileName: string): string | undefined {
  for (const line of text.split('\n')) {
    const match = /^([0-9a-f]{64})(?:\s+\*?(\S+))?\s*$/.exec(line);
    if (!match) continue;
    const [, hash, name] = match;
    if (name === undefined || name === fileName || name.endsWith(`/${fileName}`)) return hash;
  }
  return undefined;
}
