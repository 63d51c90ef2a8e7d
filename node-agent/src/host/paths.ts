/** Where things are on a host. One list, so that leaving and proving know the same places as installing. */
export const paths = {
  kubernetes: '/opt/flotilla/kubernetes',
  programs: '/usr/local/bin',
  cniPlugins: '/opt/cni/bin',
  cniConfig: '/etc/cni/net.d',
  etcKubernetes: '/etc/kubernetes',
  kubelet: '/var/lib/kubelet',
  etcd: '/var/lib/etcd',
  containerd: '/var/lib/containerd',
  containerdRun: '/run/containerd',
  containerdSocket: '/run/containerd/containerd.sock',
  containerdConfig: '/etc/containerd/config.toml',
  units: '/etc/systemd/system',
  modulesFile: '/etc/modules-load.d/flotilla.conf',
  sysctlFile: '/etc/sysctl.d/90-flotilla.conf',
} as const;

/** Directories that Kubernetes and containerd fill; claimed before they run, emptied when we leave. */
export const claimedDirectories: readonly { readonly path: string; readonly mode: number }[] = [
  { path: '/opt/flotilla/kubernetes', mode: 0o755 },
  { path: '/opt/cni', mode: 0o755 },
  { path: '/opt/cni/bin', mode: 0o755 },
  { path: '/opt/containerd', mode: 0o711 },
  { path: '/etc/containerd', mode: 0o755 },
  { path: '/etc/cni', mode: 0o755 },
  { path: '/etc/cni/net.d', mode: 0o755 },
  { path: '/etc/kubernetes', mode: 0o755 },
  { path: '/etc/systemd/system/kubelet.service.d', mode: 0o755 },
  { path: '/var/lib/kubelet', mode: 0o755 },
  { path: '/var/lib/etcd', mode: 0o700 },
  { path: '/var/lib/containerd', mode: 0o700 },
  { path: '/var/lib/cni', mode: 0o755 },
  { path: '/var/log/pods', mode: 0o755 },
  { path: '/var/log/containers', mode: 0o755 },
  { path: '/run/containerd', mode: 0o711 },
  { path: '/run/flannel', mode: 0o755 },
  { path: '/usr/libexec/kubernetes', mode: 0o755 },
];

export function binDir(version: string): string {
  return `${paths.kubernetes}/${version}/bin`;
}

/** Programs that containerd consists of; the rest of the binaries belongs to Kubernetes. */
export const runtimePrograms: readonly string[] = ['containerd', 'containerd-shim-runc-v2', 'ctr', 'runc', 'crictl'];
