import { silentLogger, SimClock } from '@flotilla/kit';
import { MachineTarget } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { FakeHost } from '../../host/fake-host.js';
import type { StepContext } from '../step.js';
import { leaveEtcd, otherVoters } from './etcd.js';

interface FakeMember {
  readonly name: string;
  readonly address: string;
  up: boolean;
  learner?: boolean;
}

/** An etcd of these members, seen from the first one's host. */
function anEtcd(members: FakeMember[]) {
  const host = new FakeHost();
  const [own] = members;
  if (own === undefined) throw new Error('no members');
  const cluster = members.map(({ name, address }) => `${name}=https://${address}:2380`).join(',');
  host.put(
    '/etc/kubernetes/manifests/etcd.yaml',
    `    - --name=${own.name}\n    - --initial-advertise-peer-urls=https://${own.address}:2380\n    - --initial-cluster=${cluster}\n`,
  );
  for (const name of ['ca.crt', 'healthcheck-client.crt', 'healthcheck-client.key'])
    host.put(`/etc/kubernetes/pki/etcd/${name}`, name);
  const removed: string[] = [];
  const quorate = () => members.filter(({ up, learner }) => up && learner !== true).length * 2 > members.length;
  host.onHttp = (request) => {
    const url = new URL(request.url);
    const address = url.hostname === '127.0.0.1' ? own.address : url.hostname;
    const member = members.find((one) => one.address === address);
    if (member?.up !== true) return undefined;
    if (url.pathname === '/health') return { status: 200, body: JSON.stringify({ health: String(quorate()) }) };
    if (!quorate()) return { status: 503, body: 'etcdserver: no leader' };
    if (url.pathname === '/v3/cluster/member/list') {
      const list = members.map((one) => ({
        ID: one.name,
        name: one.name,
        peerURLs: [`https://${one.address}:2380`],
        clientURLs: [`https://${one.address}:2379`],
        ...(one.learner === true ? { isLearner: true } : {}),
      }));
      return { status: 200, body: JSON.stringify({ members: list }) };
    }
    const { ID = '' } = JSON.parse('body' in request ? String(request.body) : '{}') as { ID?: string };
    removed.push(`${ID} through ${address}`);
    members.splice(
      members.findIndex(({ name }) => name === ID),
      1,
    );
    return { status: 200, body: '{}' };
  };
  return { host, removed };
}

function context(host: FakeHost, skippedChecks: string[] = []): StepContext {
  const membership = { state: 'joined', clusterId: 'clu_1', nodeId: 'nod_1', nodeName: 'a', role: 'control-plane' };
  const parts = {
    host,
    target: MachineTarget.create({ skippedChecks }),
    memory: { membership: () => membership },
    clock: new SimClock(),
    log: silentLogger,
  };
  return parts as unknown as StepContext; // all that this step looks at
}

const a = (): FakeMember => ({ name: 'a', address: '10.0.0.1', up: true });
const b = (): FakeMember => ({ name: 'b', address: '10.0.0.2', up: true });
const c = (): FakeMember => ({ name: 'c', address: '10.0.0.3', up: true });

describe('leaving etcd', () => {
  it('goes through another member, and the others know it', async () => {
    const { host, removed } = anEtcd([a(), b(), c()]);
    expect(await leaveEtcd.check(context(host))).toBe('needed');
    await leaveEtcd.apply(context(host));
    expect(removed).toEqual(['a through 10.0.0.2']);
  });

  it('of two members one may go', async () => {
    const { host, removed } = anEtcd([a(), b()]);
    await leaveEtcd.apply(context(host));
    expect(removed).toEqual(['a through 10.0.0.2']);
  });

  it('where the rest would have no majority it is refused, parked, and nothing is removed', async () => {
    const { host, removed } = anEtcd([a(), b(), { ...c(), up: false }]);
    await expect(leaveEtcd.apply(context(host))).rejects.toMatchObject({
      problems: [{ code: 'ETCD_QUORUM_AT_RISK' }],
      retry: 'never',
    });
    expect(removed).toEqual([]);
  });

  it('where nobody answers it waits; only a person may leave the member behind', async () => {
    const { host, removed } = anEtcd([a(), { ...b(), up: false }, { ...c(), up: false }]);
    await expect(leaveEtcd.apply(context(host))).rejects.toMatchObject({
      problems: [{ code: 'ETCD_UNREACHABLE' }],
      retry: 'later',
    });
    expect(await leaveEtcd.check(context(host, ['etcd-member']))).toBe('done');
    expect(removed).toEqual([]);
  });

  it('the last member goes with its cluster, well or not', async () => {
    const { host, removed } = anEtcd([a()]);
    await leaveEtcd.apply(context(host));
    const dead = anEtcd([{ ...a(), up: false }]);
    await leaveEtcd.apply(context(dead.host));
    expect([...removed, ...dead.removed]).toEqual([]);
  });

  it('a learner decides nothing', async () => {
    const { host } = anEtcd([a(), { ...b(), learner: true }, c()]);
    expect((await otherVoters(host))?.map(({ name }) => name)).toEqual(['c']);
  });

  it('one that is out already is not asked for again', async () => {
    const members = [a(), b(), c()];
    const { host, removed } = anEtcd(members);
    members.shift();
    await leaveEtcd.apply(context(host));
    expect(removed).toEqual([]);
  });
});
