import type { KubeManifest } from '../objects.js';
import { changed, ManifestEditor, type Edit } from './edit.js';
import type { CniSettings } from './settings.js';

const namespace = 'kube-system';

/**
 * Our settings on the manifest that Cilium's chart renders with its defaults (1.14 or newer). VXLAN unless told;
 * WireGuard encrypts on top of VXLAN. Cilium takes what tunnels need off the MTU itself.
 */
export function editCilium(manifests: readonly KubeManifest[], settings: CniSettings): readonly KubeManifest[] {
  const editor = new ManifestEditor('CILIUM', manifests);
  const config = editor.object('ConfigMap', namespace, 'cilium-config').at('data');
  setPods(config, settings.podCidr);
  setTunnel(config, settings);
  if (settings.mtu !== undefined) config.set('mtu', String(settings.mtu));
  const agent = editor.object('DaemonSet', namespace, 'cilium').at('spec', 'template', 'spec');
  const operator = editor.object('Deployment', namespace, 'cilium-operator').at('spec', 'template', 'spec');
  const agentContainer = agent.item('containers', 'cilium-agent');
  const operatorContainer = operator.item('containers', 'cilium-operator');
  if (settings.apiServer === undefined) return editor.manifests;
  const { host, port } = settings.apiServer;
  const asking = [agent.item('initContainers', 'config'), agentContainer, operatorContainer];
  // In newer releases the cleaner asks the API server too.
  if (agent.hasItem('initContainers', 'clean-cilium-state'))
    asking.push(agent.item('initContainers', 'clean-cilium-state'));
  for (const container of asking) {
    container.setEnv('KUBERNETES_SERVICE_HOST', host, 'new');
    container.setEnv('KUBERNETES_SERVICE_PORT', String(port), 'new');
  }
  return editor.manifests;
}

function setPods(config: Edit, podCidr: string): void {
  const ipam = config.text('ipam');
  // With `kubernetes` each node's range comes from kube-controller-manager, which has our pod network already.
  if (ipam === 'kubernetes') return;
  if (ipam !== 'cluster-pool') throw changed('CILIUM', `${config.path}.ipam`, 'is neither cluster-pool nor kubernetes');
  config.replace('cluster-pool-ipv4-cidr', podCidr);
  const maskSize = Number(config.text('cluster-pool-ipv4-mask-size'));
  if (!(Number(podCidr.split('/')[1]) < maskSize))
    throw changed('CILIUM', `${config.path}.cluster-pool-ipv4-mask-size`, `leaves no room for nodes in ${podCidr}`);
}

function setTunnel(config: Edit, { encapsulation = 'vxlan', podCidr }: CniSettings): void {
  // Before 1.14 one key `tunnel` said both; with it these two would be passed over in silence.
  if (config.has('tunnel')) throw changed('CILIUM', `${config.path}.tunnel`, 'is the setting of Cilium before 1.14');
  const native = encapsulation === 'none';
  config.replace('routing-mode', native ? 'native' : 'tunnel');
  if (native) {
    config.set('ipv4-native-routing-cidr', podCidr);
    config.replace('auto-direct-node-routes', 'true');
  } else config.replace('tunnel-protocol', encapsulation === 'geneve' ? 'geneve' : 'vxlan');
  if (encapsulation === 'wireguard') config.set('enable-wireguard', 'true');
}
