import { createHash } from 'node:crypto';
import { cniPluginNames, type KubernetesVersion } from '../catalog.js';
import { pauseSource } from './pause.js';

/** One program to compile. */
export interface GoTarget {
  readonly output: string;
  /** Import path, or a path below the module when the module is built as it is. */
  readonly package: string;
}

/** How one component is made. Plain data: its hash decides whether an earlier build can be used again. */
export type Recipe = GoRecipe | CRecipe;

export interface GoRecipe {
  readonly kind: 'go';
  readonly component: string;
  /** Without a leading `v`. */
  readonly version: string;
  /**
   * `require`: a module of our own that requires `modules` (needed where a module's own go.mod has relative replaces).
   * `module`: the first of `modules` with its own go.mod and go.sum. `patched`: a copy of it with parts removed.
   */
  readonly layout: 'require' | 'module' | 'patched';
  readonly modules: readonly { readonly path: string; readonly version: string }[];
  readonly targets: readonly GoTarget[];
  readonly tags?: readonly string[];
  /** `{time}` is the module's own time, so a build next year gives the same bytes. */
  readonly ldflags: readonly string[];
  /** C is needed: linked statically, against the system's static libraries. */
  readonly cgo?: boolean;
  /** Directories to remove together with the imports of them, for `patched`. */
  readonly drop?: readonly string[];
}

export interface CRecipe {
  readonly kind: 'c';
  readonly component: string;
  readonly version: string;
  readonly source: string;
  readonly output: string;
}

/** The oldest Go that all recipes compile with: the newest `go` line among the modules (etcd's). */
export const goVersionMin = { major: 1, minor: 26 } as const;

/** What the recipes compile where it differs from the catalogue, because a release is not published as a module. */
const etcdVersion = '3.6.16';

const strip = ['-s', '-w'] as const;

function kubernetes({ version }: KubernetesVersion): GoRecipe {
  const [major = '', minor = ''] = version.slice(1).split('.');
  const stamp = 'k8s.io/component-base/version';
  const programs = [
    'kubeadm',
    'kubelet',
    'kube-apiserver',
    'kube-controller-manager',
    'kube-scheduler',
    'kube-proxy',
    'kubectl',
  ];
  return {
    kind: 'go',
    component: 'kubernetes',
    version: version.slice(1),
    layout: 'require',
    modules: [{ path: 'k8s.io/kubernetes', version }],
    targets: programs.map((output) => ({ output, package: `k8s.io/kubernetes/cmd/${output}` })),
    ldflags: [
      ...strip,
      // kubeadm's skew checks fail without the version; the commit is not part of a module.
      `-X ${stamp}.gitVersion=${version}`,
      `-X ${stamp}.gitMajor=${major}`,
      `-X ${stamp}.gitMinor=${minor}`,
      `-X ${stamp}.gitTreeState=clean`,
      `-X ${stamp}.gitCommit=unknown`,
      `-X ${stamp}.buildDate={time}`,
    ],
  };
}

function containerd(version: string): GoRecipe {
  const path = 'github.com/containerd/containerd/v2';
  return {
    kind: 'go',
    component: 'containerd',
    version,
    layout: 'module',
    modules: [{ path, version: `v${version}` }],
    targets: ['containerd', 'containerd-shim-runc-v2', 'ctr'].map((output) => ({ output, package: `./cmd/${output}` })),
    tags: ['no_btrfs', 'no_zfs', 'no_devmapper'],
    ldflags: [
      ...strip,
      `-X ${path}/version.Version=v${version}`,
      `-X ${path}/version.Revision=`,
      `-X ${path}/version.Package=${path}`,
    ],
  };
}

function runc(version: string): GoRecipe {
  return {
    kind: 'go',
    component: 'runc',
    version,
    layout: 'module',
    modules: [{ path: 'github.com/opencontainers/runc', version: `v${version}` }],
    targets: [{ output: 'runc', package: '.' }],
    tags: ['seccomp', 'netgo', 'osusergo'],
    ldflags: ['-extldflags -static', ...strip],
    cgo: true,
  };
}

function cniPlugins(version: string): GoRecipe {
  const path = 'github.com/containernetworking/plugins';
  const kindOf: Readonly<Record<(typeof cniPluginNames)[number], string>> = {
    bridge: 'main',
    'host-local': 'ipam',
    loopback: 'main',
    portmap: 'meta',
    ptp: 'main',
    bandwidth: 'meta',
    firewall: 'meta',
  };
  return {
    kind: 'go',
    component: 'cni-plugins',
    version,
    layout: 'module',
    modules: [{ path, version: `v${version}` }],
    targets: cniPluginNames.map((output) => ({ output, package: `./plugins/${kindOf[output]}/${output}` })),
    ldflags: [...strip, `-X ${path}/pkg/utils/buildversion.BuildVersion=v${version}`],
  };
}

function etcd(): GoRecipe {
  const parts = ['server', 'etcdctl', 'etcdutl'];
  return {
    kind: 'go',
    component: 'etcd',
    version: etcdVersion,
    layout: 'require',
    modules: parts.map((part) => ({ path: `go.etcd.io/etcd/${part}/v3`, version: `v${etcdVersion}` })),
    targets: parts.map((part) => ({
      output: part === 'server' ? 'etcd' : part,
      package: `go.etcd.io/etcd/${part}/v3`,
    })),
    ldflags: strip,
  };
}

function coredns(version: string): GoRecipe {
  return {
    kind: 'go',
    component: 'coredns',
    version,
    layout: 'module',
    modules: [{ path: 'github.com/coredns/coredns', version: `v${version}` }],
    targets: [{ output: 'coredns', package: '.' }],
    ldflags: strip,
  };
}

function flannel(version: string): GoRecipe {
  const path = 'github.com/flannel-io/flannel';
  return {
    kind: 'go',
    component: 'flannel',
    version,
    layout: 'patched',
    modules: [{ path, version: `v${version}` }],
    targets: [{ output: 'flanneld', package: '.' }],
    ldflags: [...strip, `-X ${path}/pkg/version.Version=v${version}`],
    // One needs a module of a cloud provider that is not published, the other C; neither is a backend we use.
    drop: ['pkg/backend/tencentvpc', 'pkg/backend/udp'],
  };
}

/** Every component of a version, the quick ones last, so that what takes long fails early. */
export function recipesOf(version: KubernetesVersion): readonly Recipe[] {
  const { components } = version;
  return [
    kubernetes(version),
    etcd(),
    coredns(components.coredns),
    containerd(components.containerd),
    flannel(components.flannel),
    runc(components.runc),
    cniPlugins(components.cniPlugins),
    {
      kind: 'c',
      component: 'pause',
      version: components.pause,
      source: pauseSource(components.pause),
      output: 'pause',
    },
  ];
}

/** Names of the programs that a recipe makes. */
export function outputsOf(recipe: Recipe): readonly string[] {
  return recipe.kind === 'go' ? recipe.targets.map(({ output }) => output) : [recipe.output];
}

/** Twelve hex digits that change when the recipe does; recipes are plain data written in one order. */
export function recipeHash(recipe: Recipe): string {
  return createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 12);
}
