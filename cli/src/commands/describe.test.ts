import { beforeEach, expect, test } from 'vitest';
import { EventSeverity, StepState } from '@flotilla/proto';
import { demo, joiningNode, machine, rack12, runningNode, workers } from '../testing/examples.js';
import { ago } from '../testing/fake-env.js';
import { useStage } from '../testing/setup.js';

const stage = useStage();

beforeEach(() => {
  const { fleet } = stage.server;
  fleet.clusters = [demo];
  fleet.pools = [workers];
  fleet.machines = [machine('rack-12', { provider: 'colo', region: 'fra' })];
});

test('a node: what was seen, what it means, what is done, what you can do', async () => {
  const { fleet } = stage.server;
  fleet.nodes = [rack12];
  const about = { resourceKind: 'node', resourceId: 'nod_41xq', resourceName: 'rack-12', time: ago(252) };
  fleet.addEvent({
    ...about,
    severity: EventSeverity.WARNING,
    category: 'Health',
    reason: 'AgentSilent',
    message: 'no heartbeat for 15.4 s',
  });
  fleet.addEvent({
    ...about,
    category: 'Remediation',
    reason: 'Held',
    message: 'management lost is never a reason to act on a node',
  });
  expect(await stage.terminal.flotilla('describe', 'node', 'rack-12')).toBe(0);
  expect(stage.terminal.stdout.text)
    .toBe(`Node rack-12 (nod_41xq) in pool batch of cluster demo, machine mch_rack-12, colo/fra
Status   Running. Management lost for 4m12s: the agent is silent, Kubernetes is not.
Seen     agent heartbeat 4m12s ago: silent      Kubernetes: Ready since 90d
         no heartbeat for 4m12s, normal every 5 s; the Lease was renewed 6 s ago
Verdict  management lost for 3m57s, AgentSilent -> the node is left alone (its work is running)
Doing    nothing
You can  check the route from the machine to 127.0.0.1:${stage.server.port}, or there: systemctl status
         flotilla-agent
Runs     Kubernetes v1.33.9 at 10.9.0.12, template revision 0
Labels   -

Conditions      STATUS  SINCE  WHY
KubeletHealthy  True    90d
AgentConnected  False   4m12s  no heartbeat; last from 203.0.113.9

Last events
4m12s  Health       AgentSilent  no heartbeat for 15.4 s
4m12s  Remediation  Held         management lost is never a reason to act on a node
`);
});

test('a node on its way: every phase, and every problem with its cure', async () => {
  const problems = [
    { code: 'SWAP_ON', message: 'swap is on: /dev/sda5 (2 GiB).', remedy: 'Run: sudo swapoff -a' },
    {
      code: 'PORT_IN_USE',
      message: '10250/tcp is held by k3s-agent (pid 812).',
      remedy: 'Remove k3s first: k3s-agent-uninstall.sh',
    },
  ];
  stage.server.fleet.nodes = [joiningNode('edge-7', 3, StepState.PARKED, { problems, endTime: ago(3) })];
  expect(await stage.terminal.flotilla('describe', 'node/edge-7')).toBe(0);
  const lines = stage.terminal.stdout.text.split('\n');
  expect(lines.slice(0, 6)).toEqual([
    'Node edge-7 (nod_edge-7) in pool workers of cluster demo, machine mch_edge-7',
    'Status   Provisioning (preflight 3/11 parked).',
    'Seen     agent heartbeat 1s ago      Kubernetes: not joined yet',
    'Verdict  joining',
    'Doing    preflight 3/11 parked; waits for a person',
    'You can  cure what is listed under Phases, then: flotilla retry node edge-7',
  ]);
  expect(stage.terminal.stdout.text).toContain(`
Phases
   1/11 enroll             done    1.2s
   2/11 assign             done    1.2s
   3/11 preflight          parked  1.0s   2 problems, waits for a person
  SWAP_ON         swap is on: /dev/sda5 (2 GiB).
                  Run: sudo swapoff -a
  PORT_IN_USE     10250/tcp is held by k3s-agent (pid 812).
                  Remove k3s first: k3s-agent-uninstall.sh
   4/11 prepare-host       waiting
`);
});

test('a pool says what is missing and why each candidate did not match', async () => {
  expect(await stage.terminal.flotilla('describe', 'pool', 'workers')).toBe(0);
  expect(stage.terminal.stdout.text).toBe(`Pool workers (pol_w1) of demo: Scaling up, 2 of 2 nodes healthy, 3 wanted
Status   Scaling up.
Missing  1 machine; no spare matches:
         tiny: has 1 cpu, at least 2 wanted
You can  add a server: flotilla token create --pool workers --cluster demo
Takes    any machine
Template revision 2, worker, Kubernetes v1.34.4
         labels tier=web
Health   enabled, holds above 20 % (at least 1) unhealthy
Updates  in place, at most 1 unavailable, surge 0, pods have 1h to leave
Labels   -
`);
});

test('a cluster with its pools', async () => {
  expect(await stage.terminal.flotilla('describe', 'cluster', 'demo')).toBe(0);
  expect(stage.terminal.stdout.text)
    .toBe(`Cluster demo (clu_4k2) in project default, created 90d ago, 2025-12-03T12:00:00Z
Status   Provisioned.
Runs     Kubernetes v1.34.4, 3 of 3 nodes running, control plane 1 of 1
Reach    https://10.77.0.11:6443; kubectl: flotilla kubeconfig demo --merge
Network  flannel, pods 10.244.0.0/16, services 10.96.0.0/12, domain cluster.local
Labels   team=shop

Pools    STATUS      NODES  SIZE  HEALTHY
workers  Scaling up  2/2    3     2/2      1 missing
`);
});

test('a machine', async () => {
  expect(await stage.terminal.flotilla('describe', 'machine', 'rack-12')).toBe(0);
  expect(stage.terminal.stdout.text).toBe(`Machine rack-12 (mch_rack-12) in project default, colo/fra, enrolled 3d ago
Status   In use.
Seen     Connected, heartbeat 2s ago
Node     nod_rack-12
Host     Debian 12, kernel 6.1.0, amd64
         4 cpu, 7.7 GiB memory, - of - disk free
Agent    0.1.0, target generation 0, observed 0
Labels   -
`);
});

test('without names all of them, apart from each other', async () => {
  stage.server.fleet.nodes = [runningNode('bravo', 'workers'), rack12];
  await stage.terminal.flotilla('describe', 'nodes');
  expect(stage.terminal.stdout.text.match(/^(Node .*|Verdict .*)$/gm)).toEqual([
    'Node bravo (nod_bravo) in pool workers of cluster demo, machine mch_bravo',
    'Verdict  healthy for 3d',
    'Node rack-12 (nod_41xq) in pool batch of cluster demo, machine mch_rack-12, colo/fra',
    'Verdict  management lost for 3m57s, AgentSilent -> the node is left alone (its work is running)',
  ]);
});

test.each(['token', 'version', 'project', 'api-key', 'event'])(
  'describe %s answers for a name that is not there',
  async (noun) => {
    const code = await stage.terminal.flotilla('describe', noun, 'nothing');
    expect(code).toBe(3);
  },
);
