import { SimClock } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { FakeHost } from '../host/fake-host.js';
import { cgroupVersion, chooseNodeAddress, readMachineFacts } from './facts.js';
import { installedVersion } from './observed.js';
import { absentNode, parseOwnNode, readOwnNode } from './own-node.js';
import { StatusFile, type AgentStatus } from './status-file.js';

const facts = {
  arch: 'amd64',
  cpus: 4,
  memoryBytes: 8e9,
  cgroupVersion: 2,
  hostname: 'edge-7',
  kernel: '6.1.0',
  nodeAddress: '10.0.0.7',
} as const;

describe('facts', () => {
  it.each([
    ['cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n', 2],
    ['tmpfs /sys/fs/cgroup tmpfs ro 0 0\ncgroup /sys/fs/cgroup/memory cgroup rw 0 0\n', 1],
    ['cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw 0 0\n', 1],
    ['proc /proc proc rw 0 0\n', 0],
  ])('cgroup version of %j', async (mounts, version) => {
    expect(await cgroupVersion(new FakeHost({ '/proc/self/mounts': mounts }))).toBe(version);
  });

  it('the machine id itself never leaves the host', async () => {
    const id = 'ab'.repeat(16);
    const found = await readMachineFacts(
      new FakeHost({
        '/etc/machine-id': `${id}\n`,
        '/etc/os-release': 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n',
      }),
      facts,
      '0.1.0',
    );
    expect(found).toMatchObject({
      osId: 'debian',
      osVersion: '12',
      osName: 'Debian 12',
      cpus: 4,
      nodeAddress: '10.0.0.7',
    });
    expect(found.machineIdHash).toMatch(/^[0-9a-f]{64}$/);
    expect(
      JSON.stringify(found, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    ).not.toContain(id);
  });

  it('a loopback is no address for others', () => {
    expect(chooseNodeAddress('10.0.0.7')).toBe('10.0.0.7');
    expect(chooseNodeAddress('::1')).not.toBe('::1');
  });

  it('the version is where the link of the kubelet leads', async () => {
    const host = new FakeHost();
    expect(await installedVersion(host)).toBeUndefined();
    host.link('/usr/local/bin/kubelet', '/opt/flotilla/kubernetes/v1.34.4/bin/kubelet');
    expect(await installedVersion(host)).toBe('v1.34.4');
    host.link('/usr/local/bin/kubelet', '/opt/others/kubelet');
    expect(await installedVersion(host)).toBeUndefined();
  });
});

const node = (status: string, message: string) =>
  JSON.stringify({ status: { conditions: [{ type: 'Ready', status, message }] } });

describe('the own node', () => {
  it.each([
    [node('True', 'kubelet is posting ready status'), true, { networkReady: true, ready: true }],
    [
      node('False', 'container runtime network not ready: NetworkReady=false'),
      true,
      { networkReady: false, ready: false },
    ],
    [node('False', 'kubelet is starting'), true, { networkReady: true, ready: false }],
    [node('True', ''), false, { networkReady: false, ready: true }],
    ['{}', true, { networkReady: true, ready: false }],
  ])('%s', (json, cni, expected) => {
    expect(parseOwnNode(json, cni)).toMatchObject({ registered: true, ...expected });
  });

  it('is absent until the kubelet has a certificate and the API server knows it', async () => {
    const host = new FakeHost({
      '/etc/kubernetes/kubelet.conf': 'clusters:\n- cluster:\n    server: https://10.0.0.5:6443\n',
    });
    expect(await readOwnNode(host, 'edge-7')).toEqual(absentNode);
    host.put('/var/lib/kubelet/pki/kubelet-client-current.pem', 'PEM');
    host.put('/etc/kubernetes/pki/ca.crt', 'PEM');
    expect(await readOwnNode(host, 'edge-7')).toEqual(absentNode);
    host.put('/etc/cni/net.d/10-flannel.conflist', '{}');
    host.web.set('https://10.0.0.5:6443/api/v1/nodes/edge-7', { status: 200, body: node('True', '') });
    expect(await readOwnNode(host, 'edge-7')).toMatchObject({ ready: true, networkReady: true });
  });
});

describe('the status file', () => {
  it('is written soon after a change, not more than five times a second, and once more at the end', async () => {
    const host = new FakeHost();
    host.dir('/state');
    const clock = new SimClock();
    let writes = 0;
    host.onWrite = () => void writes++;
    // Only its JSON matters here.
    const file = new StatusFile(host, '/state/status.json', clock, () => ({ pid: writes }) as AgentStatus);
    const stop = new AbortController();
    const running = file.run(stop.signal);
    await clock.advance(1);
    for (let index = 0; index < 100; index++) {
      file.touch();
      await clock.advance(10);
    }
    expect(writes).toBeGreaterThanOrEqual(5);
    expect(writes).toBeLessThanOrEqual(7);
    await clock.advance(60_000);
    expect(writes).toBeLessThanOrEqual(15);
    host.onWrite = () => {
      throw new Error('ENOSPC');
    };
    file.touch();
    await clock.advance(1_000);
    stop.abort(new Error('stop'));
    await clock.advance(1_000);
    await expect(running).resolves.toBeUndefined();
  });
});
