import { describe, expect, test } from 'vitest';
import type { KubeManifest } from '../objects.js';
import { fakeCalicoImages, fakeCalicoText, fakeCiliumImages, fakeCiliumText } from './fake-upstream-text.js';
import { encapsulationsOf, flannelImageKey, renderCni } from './render.js';
import type { CniSettings } from './settings.js';

const podCidr = '10.244.0.0/16';
const calico = (more: Partial<CniSettings> = {}, text = fakeCalicoText): readonly KubeManifest[] =>
  renderCni('CALICO', text, { podCidr, images: fakeCalicoImages, ...more });
const cilium = (more: Partial<CniSettings> = {}, text = fakeCiliumText): readonly KubeManifest[] =>
  renderCni('CILIUM', text, { podCidr, images: fakeCiliumImages, ...more });
const textOf = (manifests: readonly KubeManifest[], name: string): string =>
  JSON.stringify(manifests.find(({ metadata }) => metadata.name === name));

interface Workload {
  spec: {
    template: {
      spec: {
        containers: { env: { name: string; value: string }[]; livenessProbe: { exec: { command: string[] } } }[];
      };
    };
  };
}
function nodeContainer(manifests: readonly KubeManifest[]): { env: Record<string, string>; command: string[] } {
  // The shape of the text above.
  const daemonSet = manifests.find(({ kind }) => kind === 'DaemonSet') as unknown as Workload;
  const [container] = daemonSet.spec.template.spec.containers;
  if (container === undefined) throw new Error('no container');
  const env = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
  return { env, command: container.livenessProbe.exec.command };
}

describe('Calico', () => {
  test('runs with VXLAN and without BGP, on the address of the kubelet, in an order that works', () => {
    const manifests = calico({ mtu: 1450 });
    expect(manifests.map(({ kind }) => kind)).toEqual([
      'CustomResourceDefinition',
      'ServiceAccount',
      'ConfigMap',
      'DaemonSet',
      'IPPool',
    ]);
    const { env, command } = nodeContainer(manifests);
    expect(env).toEqual({
      CLUSTER_TYPE: 'k8s',
      IP: 'autodetect',
      CALICO_IPV4POOL_IPIP: 'Never',
      CALICO_IPV4POOL_VXLAN: 'Always',
      CALICO_IPV4POOL_CIDR: podCidr,
      IP_AUTODETECTION_METHOD: 'kubernetes-internal-ip',
    });
    expect(command).toEqual(['/bin/calico-node', '-felix-live']);
    expect(textOf(manifests, 'calico-config')).toContain('{"calico_backend":"vxlan","veth_mtu":"1400"}');
  });

  test.each([
    ['ipip', 'bird', 'Always', 'Never', '1430'],
    ['none', 'bird', 'Never', 'Never', '1450'],
    ['wireguard', 'vxlan', 'Never', 'Always', '1390'],
  ] as const)('with %s: backend %s, IPIP %s, VXLAN %s, MTU %s', (encapsulation, backend, ipip, vxlan, mtu) => {
    const manifests = calico({ encapsulation, mtu: 1450 });
    const { env, command } = nodeContainer(manifests);
    expect([env['CALICO_IPV4POOL_IPIP'], env['CALICO_IPV4POOL_VXLAN']]).toEqual([ipip, vxlan]);
    expect(env['FELIX_WIREGUARDENABLED']).toBe(encapsulation === 'wireguard' ? 'true' : undefined);
    expect(command.includes('-bird-live')).toBe(backend === 'bird');
    expect(textOf(manifests, 'calico-config')).toContain(`{"calico_backend":"${backend}","veth_mtu":"${mtu}"}`);
  });

  test('takes the address in a network, and the API server directly, when told', () => {
    const nodeAddress = { kind: 'cidr', cidr: '192.168.0.0/24' } as const;
    const manifests = calico({ nodeAddress, apiServer: { host: 'api.example.com', port: 6443 } });
    expect(nodeContainer(manifests).env['IP_AUTODETECTION_METHOD']).toBe('cidr=192.168.0.0/24');
    expect(textOf(manifests, 'kubernetes-services-endpoint')).toContain(
      '{"KUBERNETES_SERVICE_HOST":"api.example.com","KUBERNETES_SERVICE_PORT":"6443"}',
    );
  });

  test('leaves the fields of the API server out and pulls nothing', () => {
    const text = JSON.stringify(calico());
    for (const gone of ['creationTimestamp', '"status"', 'imagePullPolicy":"Always']) expect(text).not.toContain(gone);
    expect(text.match(/"imagePullPolicy":"IfNotPresent"/g)).toHaveLength(3);
    expect(text.match(/"terminationMessagePolicy":"FallbackToLogsOnError"/g)).toHaveLength(3);
  });

  test.each([
    ['name: calico-node, namespace', 'name: calico-agent, namespace', 'DaemonSet kube-system/calico-node is missing'],
    ['name: CALICO_IPV4POOL_VXLAN', 'name: POOL_MODE', 'env[CALICO_IPV4POOL_VXLAN] is missing'],
    ['calico_backend: bird', 'backend: bird', 'data.calico_backend is missing'],
    ['value: autodetect', 'value: auto', 'env[IP] is not autodetect'],
    ['-felix-live', '-alive', 'livenessProbe.exec.command does not ask felix'],
    ['- name: calico-node', '- name: node', 'containers[calico-node] is missing'],
  ])('that has changed upstream (%s) is noticed before anything is applied', (from, to, problem) => {
    const text = fakeCalicoText.replaceAll(from, to);
    expect(text).not.toBe(fakeCalicoText);
    expect(() => calico({}, text)).toThrow(expect.objectContaining({ code: 'CNI_MANIFEST_CHANGED' }) as Error);
    expect(() => calico({}, text)).toThrow(problem);
  });

  test('that no longer reads the endpoint of the API server is noticed when it is needed', () => {
    const text = fakeCalicoText.replaceAll('kubernetes-services-endpoint', 'other');
    expect(calico({}, text)).toHaveLength(5);
    expect(() => calico({ apiServer: { host: 'a', port: 1 } }, text)).toThrow(
      'does not read kubernetes-services-endpoint',
    );
  });
});

describe('Cilium', () => {
  test('gives pods our network, in VXLAN, with images under the names that nodes have', () => {
    const manifests = cilium({ mtu: 1450 });
    const config = textOf(manifests, 'cilium-config');
    for (const pair of [
      '"cluster-pool-ipv4-cidr":"10.244.0.0/16"',
      '"routing-mode":"tunnel"',
      '"tunnel-protocol":"vxlan"',
      '"mtu":"1450"',
    ])
      expect(config).toContain(pair);
    expect(JSON.stringify(manifests)).not.toContain('@sha256');
    expect(textOf(manifests, 'cilium')).toContain('"defaultMode":256');
  });

  test.each([
    ['geneve', ['"tunnel-protocol":"geneve"']],
    ['wireguard', ['"tunnel-protocol":"vxlan"', '"enable-wireguard":"true"']],
    [
      'none',
      ['"routing-mode":"native"', '"ipv4-native-routing-cidr":"10.244.0.0/16"', '"auto-direct-node-routes":"true"'],
    ],
  ] as const)('with %s', (encapsulation, pairs) => {
    for (const pair of pairs) expect(textOf(cilium({ encapsulation }), 'cilium-config')).toContain(pair);
  });

  test('reaches the API server directly when told: agent, its configuration, operator', () => {
    const text = JSON.stringify(cilium({ apiServer: { host: '10.0.0.1', port: 6443 } }));
    expect(text.match(/{"name":"KUBERNETES_SERVICE_HOST","value":"10.0.0.1"}/g)).toHaveLength(3);
    expect(JSON.stringify(cilium())).not.toContain('KUBERNETES_SERVICE_HOST');
  });

  test('takes each node its range from Kubernetes when the manifest says so', () => {
    const text = fakeCiliumText.replace('ipam: cluster-pool', 'ipam: kubernetes');
    expect(textOf(cilium({}, text), 'cilium-config')).toContain('"cluster-pool-ipv4-cidr":"10.0.0.0/8"');
  });

  test.each([
    ['ipam: cluster-pool', 'ipam: eni', 'data.ipam is neither'],
    ["mask-size: '24'", "mask-size: '16'", 'leaves no room for nodes'],
    ['routing-mode: tunnel', 'tunnel: vxlan', 'data.tunnel is the setting of Cilium before 1.14'],
    ['routing-mode: tunnel', 'route: tunnel', 'data.routing-mode is missing'],
    ['name: cilium-operator, image', 'name: op, image', 'containers[cilium-operator] is missing'],
  ])('that has changed upstream (%s → %s) is noticed', (from, to, problem) => {
    expect(() => cilium({}, fakeCiliumText.replace(from, to))).toThrow(problem);
  });
});

describe('any plugin', () => {
  test('refuses images that the mirror does not have, all at once', () => {
    expect(() => calico({ images: {} })).toThrow('docker.io/calico/cni:v3.99.0, docker.io/calico/node:v3.99.0');
    expect(() => calico({ images: {} })).toThrow(expect.objectContaining({ code: 'CNI_IMAGE_NOT_MIRRORED' }) as Error);
    expect(() => renderCni('FLANNEL', undefined, { podCidr, images: {} })).toThrow(/flannel/);
  });

  test('without a text says how to get one', () => {
    expect(() => renderCni('CALICO', undefined, { podCidr, images: {} })).toThrow(
      expect.objectContaining({ code: 'CNI_NOT_MIRRORED' }) as Error,
    );
  });

  test.each<[string, Partial<CniSettings>]>([
    ['podCidr', { podCidr: '10.0.0.0' }],
    ['mtu', { mtu: 900 }],
    ['encapsulation', { encapsulation: 'geneve' }],
    ['nodeAddress.cidr', { nodeAddress: { kind: 'cidr', cidr: 'x' } }],
    ['apiServer.host', { apiServer: { host: 'a b', port: 1 } }],
    ['apiServer.port', { apiServer: { host: 'a', port: 70_000 } }],
  ])('refuses a bad %s', (field, wrong) => {
    const violations = [expect.objectContaining({ field }) as object];
    expect(() => calico(wrong)).toThrow(expect.objectContaining({ violations }) as Error);
  });

  test('none gives nothing, flannel is our own, and the defaults come first', () => {
    expect(renderCni('NONE', undefined, { podCidr: '', images: {} })).toEqual([]);
    const flannel = renderCni('FLANNEL', undefined, { podCidr, mtu: 1420, images: { [flannelImageKey]: 'r/f:1' } });
    expect(flannel.at(-1)?.kind).toBe('DaemonSet');
    expect(JSON.stringify(flannel)).toContain('r/f:1');
    expect([encapsulationsOf('FLANNEL')[0], encapsulationsOf('CALICO')[0], encapsulationsOf('NONE')[0]]).toEqual([
      'vxlan',
      'vxlan',
      undefined,
    ]);
  });
});
