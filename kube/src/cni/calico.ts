import type { KubeManifest } from '../objects.js';
import { changed, ManifestEditor, type Edit } from './edit.js';
import type { CniEncapsulation, CniSettings } from './settings.js';

/** Bytes that each kind of tunnel takes of a packet, IPv4. */
const overheadBytes: Readonly<Record<CniEncapsulation, number>> = {
  vxlan: 50,
  ipip: 20,
  wireguard: 60,
  geneve: 50,
  none: 0,
};

const namespace = 'kube-system';
/** Where upstream's pods look for an address of the API server other than its Service. */
const endpointConfig = 'kubernetes-services-endpoint';

/**
 * Our settings on Calico's manifest "calico.yaml" (policy and networking, state in Kubernetes). Encapsulation is VXLAN
 * without BGP unless told: it passes clouds that drop IP-in-IP. WireGuard lies on top of VXLAN.
 */
export function editCalico(manifests: readonly KubeManifest[], settings: CniSettings): readonly KubeManifest[] {
  const editor = new ManifestEditor('CALICO', manifests);
  const encapsulation = settings.encapsulation ?? 'vxlan';
  const config = editor.object('ConfigMap', namespace, 'calico-config').at('data');
  const node = editor.object('DaemonSet', namespace, 'calico-node').at('spec', 'template', 'spec');
  const container = node.item('containers', 'calico-node');
  const usesBgp = encapsulation === 'ipip' || encapsulation === 'none';
  config.replace('calico_backend', usesBgp ? 'bird' : 'vxlan');
  if (settings.mtu !== undefined) config.replace('veth_mtu', String(settings.mtu - overheadBytes[encapsulation]));
  container.setEnv('CALICO_IPV4POOL_IPIP', encapsulation === 'ipip' ? 'Always' : 'Never', 'expected');
  container.setEnv('CALICO_IPV4POOL_VXLAN', usesBgp ? 'Never' : 'Always', 'expected');
  // Upstream has it as a comment: it looks for kubeadm's setting, which is the same; said, it cannot be guessed wrong.
  container.setEnv('CALICO_IPV4POOL_CIDR', settings.podCidr, 'new');
  container.setEnv('CLUSTER_TYPE', usesBgp ? 'k8s,bgp' : 'k8s', 'expected');
  if (container.item('env', 'IP').text('value') !== 'autodetect')
    throw changed('CALICO', `${container.path}.env[IP]`, 'is not autodetect');
  container.setEnv('IP_AUTODETECTION_METHOD', autodetection(settings), 'new');
  if (encapsulation === 'wireguard') container.setEnv('FELIX_WIREGUARDENABLED', 'true', 'new');
  if (!usesBgp) for (const probe of ['livenessProbe', 'readinessProbe']) withoutBird(container.at(probe, 'exec'));
  if (settings.apiServer === undefined) return editor.manifests;
  for (const name of ['upgrade-ipam', 'install-cni']) requireEndpointConfig(node.item('initContainers', name));
  requireEndpointConfig(container);
  return [...editor.manifests, endpointManifest(settings.apiServer)];
}

function autodetection({ nodeAddress }: CniSettings): string {
  return nodeAddress?.kind === 'cidr' ? `cidr=${nodeAddress.cidr}` : 'kubernetes-internal-ip';
}

/** Without BGP the daemon bird does not run, and what asks for it would never be ready. */
function withoutBird(exec: Edit): void {
  const command = exec.texts('command');
  if (!command.some((word) => word.startsWith('-felix-')))
    throw changed('CALICO', `${exec.path}.command`, 'does not ask felix');
  exec.replace(
    'command',
    command.filter((word) => !word.startsWith('-bird-')),
  );
}

function requireEndpointConfig(container: Edit): void {
  const from = container.has('envFrom') ? JSON.stringify(container.raw('envFrom')) : '';
  if (!from.includes(`"${endpointConfig}"`))
    throw changed('CALICO', `${container.path}.envFrom`, `does not read ${endpointConfig}`);
}

function endpointManifest({ host, port }: { readonly host: string; readonly port: number }): KubeManifest {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: endpointConfig, namespace },
    data: { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: String(port) },
  };
}
