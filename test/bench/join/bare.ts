import type { Server } from '../../testbed/index.js';

/** What a careful person puts on a server by hand. */
export interface BareNode {
  /** https://host:7440, where the files are taken from. */
  readonly filesUrl: string;
  readonly files: readonly BareFile[];
  readonly pauseImage: string;
}

/** And what they join with: the peer that our join is measured against. */
export interface BareJoin extends BareNode {
  readonly endpoint: string;
  readonly token: string;
  readonly caCertHash: string;
}

export interface BareFile {
  readonly name: string;
  readonly sha256: string;
  readonly kind: 'bin' | 'cni-bin' | 'image';
}

interface ManifestFile {
  readonly name: string;
  readonly role: string;
  readonly sha256: string;
  readonly neededBy: readonly string[];
  readonly install?: string;
  readonly image?: string;
}

/** Everything of a version that a node of this kind needs, as the control plane's mirror has it; asked from a server. */
export async function bareNode(
  filesUrl: string,
  asks: Server,
  version: string,
  kind: 'worker' | 'control-plane',
): Promise<BareNode> {
  const manifest = JSON.parse(
    await asks.execOk(['curl', '-fsS', '--insecure', `${filesUrl}/artifacts/v1/manifests/${version}/amd64`]),
  ) as { arch: { amd64: { files: ManifestFile[] } } }; // the control plane's own manifest, checked by it
  const mine = manifest.arch.amd64.files.filter((f) => f.neededBy.includes(kind));
  const files = mine.map((f): BareFile => ({
    name: f.name,
    sha256: f.sha256,
    kind: f.role === 'image' ? 'image' : f.install === 'cni-bin' ? 'cni-bin' : 'bin',
  }));
  return { filesUrl, files, pauseImage: mine.find((f) => f.image?.includes('/pause:'))?.image ?? '' };
}

export async function bareJoin(server: Server, join: BareJoin): Promise<void> {
  const { endpoint, token, caCertHash } = join;
  const command = `kubeadm join ${endpoint} --token ${token} --discovery-token-ca-cert-hash ${caCertHash} --ignore-preflight-errors=all >/root/join.log 2>&1`;
  const timed = ['date +%s.%N > /root/join-start', command, 'date +%s.%N > /root/join-end'].join('\n');
  await runBare(server, join, timed);
}

/** Puts everything of a node on the server by plain means, then runs these lines. */
export async function runBare(server: Server, bare: BareNode, lines: string): Promise<void> {
  await server.writeFile('/root/bare.sh', `${script(server, bare)}\n${lines}\n`, 0o700);
  await server.execOk(['sh', '/root/bare.sh'], { timeoutMs: 600_000 });
}

function script(server: Server, join: BareNode): string {
  const fetched = join.files.map(
    (f) =>
      `get ${f.sha256} ${f.kind === 'image' ? `/root/images/${f.name}.tar` : `${f.kind === 'bin' ? '/usr/local/bin' : '/opt/cni/bin'}/${f.name}`}`,
  );
  return `set -eu
get() { curl -fsS --insecure -o "$2" ${join.filesUrl}/artifacts/v1/blobs/$1; echo "$1  $2" | sha256sum -c --quiet; chmod 755 "$2"; }
mkdir -p /root/images /opt/cni/bin /etc/containerd /etc/cni/net.d /etc/systemd/system/kubelet.service.d
${fetched.join('\n')}
sysctl -qw net.ipv4.ip_forward=1
echo "${server.address} ${server.name}" >> /etc/hosts
cat > /etc/containerd/config.toml <<E
version = 3
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '${join.pauseImage}'
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
    SystemdCgroup = true
    BinaryName = '/usr/local/bin/runc'
E
cat > /etc/systemd/system/containerd.service <<E
[Service]
ExecStart=/usr/local/bin/containerd
Type=notify
Delegate=yes
KillMode=process
E
cat > /etc/systemd/system/kubelet.service <<E
[Service]
ExecStart=/usr/local/bin/kubelet
Restart=always
RestartSec=1
[Install]
WantedBy=multi-user.target
E
cat > /etc/systemd/system/kubelet.service.d/10-kubeadm.conf <<'E'
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
ExecStart=
ExecStart=/usr/local/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS --node-ip=${server.address}
E
systemctl daemon-reload
systemctl enable -q kubelet
systemctl start containerd
for image in /root/images/*.tar; do ctr -n k8s.io images import --local "$image" >/dev/null; done`;
}

/** Takes everything of {@link bareJoin} back, so that the next round begins as the first did. */
export async function undoBare(server: Server): Promise<void> {
  const script = `kubeadm reset -f >/dev/null 2>&1
systemctl stop kubelet containerd
systemctl disable -q kubelet
pkill -9 containerd-shim
for m in $(awk '/kubelet|containerd\\/io|netns/ {print $2}' /proc/mounts | sort -r); do umount -l "$m"; done
ip link delete cni0; ip link delete flannel.1
nft flush ruleset
rm -rf /root/images /root/bare.sh /opt/cni /etc/cni /etc/containerd /etc/kubernetes /etc/systemd/system/kubelet* /etc/systemd/system/containerd.service /run/flannel
rm -rf /var/lib/kubelet/* /var/lib/containerd/* /var/lib/cni /var/lib/etcd/* /run/containerd
for b in kubeadm kubelet kubectl containerd containerd-shim-runc-v2 ctr runc; do rm -f /usr/local/bin/$b; done
sed -i '/ ${server.name}$/d' /etc/hosts
systemctl daemon-reload
sysctl -qw net.ipv4.ip_forward=0
true`;
  await server.execOk(['sh', '-c', script], { timeoutMs: 120_000 });
}
