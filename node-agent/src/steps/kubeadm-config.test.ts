import { Bootstrap, MachineRole } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { aCluster, aTarget } from '../work/fake-world.js';
import { initConfig, joinConfig, kubeletPatch, registrableLabels } from './kubeadm-config.js';
import type { HostFacts } from './step.js';

const facts: HostFacts = {
  arch: 'amd64',
  cpus: 2,
  memoryBytes: 4e9,
  cgroupVersion: 2,
  hostname: 'cp1',
  kernel: '6.1',
  nodeAddress: '10.0.0.7',
};
const secrets = { bootstrapToken: 'abcdef.0123456789abcdef', certificateKey: 'ff', expiresMonotonicMs: 1 };
const allowed = { kernelDefaults: true, conntrack: true };

type Document = Record<string, unknown> & { nodeRegistration: Record<string, unknown> };
const parse = (text: string): Document[] => text.split('---\n').map((part) => JSON.parse(part) as Document); // written by the code under test

function init(more: Partial<Parameters<typeof initConfig>[0]> = {}): Document[] {
  const target = aTarget({ role: MachineRole.CONTROL_PLANE });
  target.cluster = { ...aCluster(), bootstrap: Bootstrap.INIT, endpoint: '', apiServerSans: ['k8s.example.org'] };
  return parse(
    initConfig({
      target,
      facts,
      allowance: allowed,
      patchesDir: '/p',
      throwawayToken: 'abcdef.0123456789abcdef',
      ...more,
    }),
  );
}

describe('what kubeadm is told', () => {
  it('init: addresses, names, hardening', () => {
    const [start, cluster, kubelet, proxy] = init();
    expect(start).toMatchObject({
      localAPIEndpoint: { advertiseAddress: '10.0.0.7', bindPort: 6443 },
      nodeRegistration: {
        name: 'edge-7',
        criSocket: 'unix:///run/containerd/containerd.sock',
        imagePullPolicy: 'IfNotPresent',
      },
    });
    expect(start?.nodeRegistration).not.toHaveProperty('taints');
    expect(cluster).toMatchObject({
      controlPlaneEndpoint: '10.0.0.7:6443',
      kubernetesVersion: 'v1.34.4',
      networking: { podSubnet: '10.244.0.0/16', serviceSubnet: '10.96.0.0/12', dnsDomain: 'cluster.local' },
      apiServer: { certSANs: ['10.0.0.7', 'edge-7', 'k8s.example.org'] },
    });
    expect(kubelet).toMatchObject({
      serverTLSBootstrap: true,
      rotateCertificates: true,
      readOnlyPort: 0,
      authentication: { anonymous: { enabled: false } },
    });
    expect(proxy).toEqual({
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      mode: 'nftables',
    });
  });

  it('the token kubeadm insists on is good for a minute', () => {
    expect(init()[0]).toMatchObject({ bootstrapTokens: [{ ttl: '1m0s' }] });
  });

  it('a host that may not size the connection table leaves it alone', () => {
    expect(init({ allowance: { kernelDefaults: true, conntrack: false } })[3]).toMatchObject({
      conntrack: { maxPerCore: 0, min: 0 },
    });
  });

  it('an endpoint of the user is kept, also an IPv6 one', () => {
    const target = aTarget({ role: MachineRole.CONTROL_PLANE });
    target.cluster = { ...aCluster(), endpoint: '[fd00::1]:7443' };
    expect(init({ target })[1]).toMatchObject({ controlPlaneEndpoint: '[fd00::1]:7443' });
  });

  it('join: discovery by token and pinned CA, address and labels of the node', () => {
    const target = aTarget({
      labels: { 'flotilla.dev/node-pool': 'web', a: 'b' },
      taints: [{ key: 'gpu', value: '', effect: 'NoSchedule' }],
    });
    const [join] = parse(joinConfig(target, facts, secrets, '/p'));
    expect(join).toMatchObject({
      discovery: {
        bootstrapToken: {
          token: secrets.bootstrapToken,
          apiServerEndpoint: '10.0.0.5:6443',
          caCertHashes: target.cluster?.caCertHashes,
        },
      },
      nodeRegistration: {
        taints: [{ key: 'gpu', effect: 'NoSchedule' }],
        kubeletExtraArgs: [
          { name: 'node-ip', value: '10.0.0.7' },
          { name: 'provider-id', value: 'flotilla://mch_1' },
          { name: 'node-labels', value: 'a=b,flotilla.dev/node-pool=web' },
        ],
      },
    });
    expect(join).not.toHaveProperty('controlPlane');
    expect(JSON.stringify(join)).not.toContain('unsafeSkipCAVerification');
  });

  it('a further control plane joins with its key', () => {
    const [join] = parse(joinConfig(aTarget({ role: MachineRole.CONTROL_PLANE }), facts, secrets, '/p'));
    expect(join).toMatchObject({
      controlPlane: { certificateKey: 'ff', localAPIEndpoint: { advertiseAddress: '10.0.0.7' } },
    });
  });

  it('a host with cgroup v1 is let in, another is not let off', () => {
    const old = { ...facts, cgroupVersion: 1 as const };
    expect(parse(joinConfig(aTarget(), old, secrets, '/p'))[0]?.nodeRegistration).toMatchObject({
      ignorePreflightErrors: ['SystemVerification'],
    });
    expect(parse(joinConfig(aTarget(), facts, secrets, '/p'))[0]?.nodeRegistration).not.toHaveProperty(
      'ignorePreflightErrors',
    );
    expect(parse(kubeletPatch(old, allowed))[0]).toMatchObject({ failCgroupV1: false });
    expect(parse(kubeletPatch(facts, allowed))[0]).toEqual({ protectKernelDefaults: true });
  });

  it('labels that NodeRestriction keeps for administrators are left to the control plane', () => {
    const labels = {
      'node-role.kubernetes.io/worker': '',
      'node-restriction.kubernetes.io/x': '1',
      'topology.kubernetes.io/zone': 'z1',
      'node.kubernetes.io/instance-type': 't',
      'flotilla.dev/node-pool': 'web',
      plain: '1',
    };
    expect(Object.keys(registrableLabels(labels))).toEqual([
      'topology.kubernetes.io/zone',
      'node.kubernetes.io/instance-type',
      'flotilla.dev/node-pool',
      'plain',
    ]);
  });
});
