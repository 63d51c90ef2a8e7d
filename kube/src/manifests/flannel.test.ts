import { describe, expect, test } from 'vitest';
import type { JsonObject, KubeManifest } from '../objects.js';
import { flannelManifests, type FlannelOptions } from './flannel.js';

const options: FlannelOptions = { podCidr: '10.244.0.0/16', image: 'ghcr.io/flannel-io/flannel:v0.28.4' };
const named = (kind: string, given = options): KubeManifest => {
  const found = flannelManifests(given).find((manifest) => manifest.kind === kind);
  if (found === undefined) throw new Error(`${kind} is missing`);
  return found;
};

describe('the pod network', () => {
  test('is applied in an order in which everything finds what it needs', () => {
    expect(flannelManifests(options).map(({ kind }) => kind)).toEqual([
      'Namespace',
      'ServiceAccount',
      'ClusterRole',
      'ClusterRoleBinding',
      'ConfigMap',
      'DaemonSet',
    ]);
    expect(named('Namespace').metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'privileged' });
  });

  test('flanneld reads the network it was given', () => {
    const netConf = (given: FlannelOptions): unknown =>
      JSON.parse((named('ConfigMap', given).data as Record<string, string>)['net-conf.json'] ?? '');
    expect(netConf(options)).toEqual({ Network: '10.244.0.0/16', Backend: { Type: 'vxlan' } });
    expect(netConf({ ...options, mtu: 1420 })).toEqual({
      Network: '10.244.0.0/16',
      Backend: { Type: 'vxlan', MTU: 1420 },
    });
  });

  test('no container is privileged; only flanneld may touch the network', () => {
    const text = JSON.stringify(named('DaemonSet'));
    expect(text).not.toContain('"privileged"');
    expect(text.match(/"drop":\["ALL"\]/g)).toHaveLength(2);
    expect(text.match(/"add":/g)).toHaveLength(1);
    expect(text).toContain('"add":["NET_ADMIN","NET_RAW"]');
  });

  test('a changed configuration changes the template, so that pods take it up', () => {
    const hash = (given: FlannelOptions): unknown => {
      const { template } = named('DaemonSet', given).spec as { template: { metadata: { annotations: JsonObject } } };
      return template.metadata.annotations['flotilla.dev/config-hash'];
    };
    expect(hash(options)).toBe(hash({ ...options }));
    expect(hash(options)).not.toBe(hash({ ...options, mtu: 1420 }));
  });

  test('reaches the API server before Services work, when told where', () => {
    const direct = JSON.stringify(
      named('DaemonSet', { ...options, apiServer: { host: 'api.example.com', port: 6443 } }),
    );
    expect(direct).toContain(
      '{"name":"KUBERNETES_SERVICE_HOST","value":"api.example.com"},{"name":"KUBERNETES_SERVICE_PORT","value":"6443"}',
    );
    expect(JSON.stringify(named('DaemonSet'))).not.toContain('KUBERNETES_SERVICE_HOST');
  });

  test.each<[string, Partial<FlannelOptions>]>([
    ['podCidr', { podCidr: '10.244.0.0' }],
    ['podCidr', { podCidr: "10.244.0.0/16'; reboot #" }],
    ['podCidr', { podCidr: 'fd00::/64' }],
    ['podCidr', { podCidr: '10.0.0.0/25' }],
    ['image', { image: '' }],
    ['mtu', { mtu: 1000 }],
    ['apiServer.host', { apiServer: { host: 'a b', port: 1 } }],
    ['apiServer.port', { apiServer: { host: 'a', port: 0 } }],
  ])('refuses a bad %s: %j', (field, wrong) => {
    const violations = [expect.objectContaining({ field }) as object];
    expect(() => flannelManifests({ ...options, ...wrong })).toThrow(expect.objectContaining({ violations }) as Error);
  });
});
