import { beforeEach, describe, expect, test } from 'vitest';
import { Node, NodeState, StepState } from '@flotilla/proto';
import { demo, joiningNode, machine, rack12, runningNode, workers } from '../testing/examples.js';
import { ago } from '../testing/fake-env.js';
import { useStage } from '../testing/setup.js';

const stage = useStage();
const aws = { provider: 'aws', region: 'eu-west' };

beforeEach(() => {
  const { fleet } = stage.server;
  fleet.clusters = [demo];
  fleet.pools = [workers];
  fleet.machines = [
    machine('bravo', aws),
    machine('charlie', aws),
    machine('edge-7', { provider: 'home', region: 'attic' }),
    machine('rack-12', { provider: 'colo', region: 'fra' }),
  ];
  const charlie = Node.fromPartial({ ...runningNode('charlie', 'workers') });
  if (charlie.status !== undefined) charlie.status.state = NodeState.RUNNING_SCHEDULING_DISABLED;
  fleet.nodes = [runningNode('bravo', 'workers'), charlie, joiningNode('edge-7', 8), rack12];
});

const table = `NAME     POOL     STATUS                         HEALTH     K8S      LAST SEEN  LOCATION     AGE
bravo    workers  Running                        healthy    v1.34.4  2s         aws/eu-west  3d
charlie  workers  Running (Scheduling Disabled)  healthy    v1.34.4  2s         aws/eu-west  3d
edge-7   workers  Provisioning (join 8/11)       -          -        1s         home/attic   40s
rack-12  batch    Running                        mgmt lost  v1.33.9  4m silent  colo/fra     90d  ! management lost
`;

describe('tables', () => {
  test.each(['nodes', 'node', 'no', 'NODES'])(
    'get %s shows nodes, from all pages, with what is wrong behind the row',
    async (word) => {
      expect(await stage.terminal.flotilla('get', word)).toBe(0);
      expect(stage.terminal.stdout.text).toBe(table);
    },
  );

  test('by name, and as TYPE/NAME', async () => {
    await stage.terminal.flotilla('get', 'node', 'bravo', 'rack-12', '--no-headers');
    const rows =
      'bravo    workers  Running  healthy    v1.34.4  2s         aws/eu-west  3d\nrack-12  batch    Running  mgmt lost  v1.33.9  4m silent  colo/fra     90d  ! management lost\n';
    expect(stage.terminal.stdout.text).toBe(rows);
    await stage.terminal.flotilla('get', 'node/bravo', 'node/rack-12', '--no-headers');
    expect(stage.terminal.stdout.text).toBe(rows);
  });

  test('wide has absolute times and ids', async () => {
    await stage.terminal.flotilla('get', 'nodes', 'bravo', '-o', 'wide');
    expect(stage.terminal.stdout.text).toBe(
      `NAME   POOL     STATUS   HEALTH   K8S      LAST SEEN             LOCATION     AGE                   CLUSTER  ADDRESS     MACHINE    ID
bravo  workers  Running  healthy  v1.34.4  2026-03-03T11:59:58Z  aws/eu-west  2026-02-28T12:00:00Z  demo     10.77.0.12  mch_bravo  nod_bravo
`,
    );
  });

  test('clusters, pools, machines, versions, projects', async () => {
    await stage.terminal.flotilla('get', 'cl');
    expect(stage.terminal.stdout.text).toBe(
      'NAME  STATUS       K8S      NODES  CONTROL  ENDPOINT         AGE\ndemo  Provisioned  v1.34.4  3/3    1/1      10.77.0.11:6443  90d\n',
    );
    await stage.terminal.flotilla('get', 'np');
    expect(stage.terminal.stdout.text).toBe(
      'NAME     CLUSTER  STATUS      NODES  SIZE  HEALTHY  UPDATED  K8S      AGE\nworkers  demo     Scaling up  2/2    3     2/2      2/2      v1.34.4  3d   ! 1 machine missing\n',
    );
    await stage.terminal.flotilla('get', 'mc', 'bravo');
    expect(stage.terminal.stdout.text).toBe(
      'NAME   STATUS  OS         ARCH   CPU  MEMORY   LAST SEEN  LOCATION     AGE\nbravo  In use  debian 12  amd64  4    7.7 GiB  2s         aws/eu-west  3d\n',
    );
    await stage.terminal.flotilla('get', 'ver');
    expect(stage.terminal.stdout.text).toBe(
      'VERSION  NEW CLUSTERS  EXISTING CLUSTERS  ARTIFACTS       SUPPORTED SINCE\nv1.34.4  available     available          amd64 mirrored  2026-02-10\n',
    );
    await stage.terminal.flotilla('get', 'projects');
    expect(stage.terminal.stdout.text).toBe('NAME     STATUS  TITLE    AGE\ndefault  Active  Default  24h\n');
  });

  test('nothing found is said on stderr, and only to a person', async () => {
    stage.server.fleet.nodes = [];
    expect(await stage.terminal.flotilla('get', 'nodes')).toBe(0);
    expect(stage.terminal.stdout.text + stage.terminal.stderr.text).toBe('');
    stage.terminal.stderr.isTTY = true;
    await stage.terminal.flotilla('get', 'nodes');
    expect(stage.terminal.stderr.text).toBe('No nodes found.\n');
  });

  test('on a terminal lines are cut at its width and statuses have colour, unless NO_COLOR says no', async () => {
    stage.terminal.stdout.isTTY = true;
    stage.terminal.stdout.columns = 95;
    await stage.terminal.flotilla('get', 'nodes', '--no-headers');
    const escape = String.fromCharCode(27);
    expect(stage.terminal.stdout.text).toContain(`${escape}[32mRunning${escape}[39m`);
    stage.terminal.vars['NO_COLOR'] = '1';
    await stage.terminal.flotilla('get', 'nodes', 'rack-12', 'charlie', '--no-headers');
    expect(stage.terminal.stdout.text).toBe(
      'rack-12  batch    Running                        mgmt lost  v1.33.9  4m silent  colo/fra     9…\n' +
        'charlie  workers  Running (Scheduling Disabled)  healthy    v1.34.4  2s         aws/eu-west  3d\n',
    );
  });

  test('what the server is asked: project, cluster, pool, labels', async () => {
    await stage.terminal.flotilla(
      'get',
      'nodes',
      '--project',
      'shop',
      '--cluster',
      'demo',
      '--pool',
      'workers',
      '-l',
      'rack=12,flotilla.dev/x!=y',
    );
    expect(stage.server.calls.find(({ method }) => method === 'ListNodes')?.request).toMatchObject({
      project: 'shop',
      cluster: 'demo',
      nodePool: 'workers',
      options: { filter: 'labels.rack = "12" AND labels.flotilla.dev/x != "y"' },
    });
  });
});

describe('data', () => {
  test('json of one thing is the thing, of a list a list, with kind', async () => {
    await stage.terminal.flotilla('get', 'pool', 'workers', '-o', 'json');
    const pool: unknown = JSON.parse(stage.terminal.stdout.text);
    expect(pool).toMatchObject({
      kind: 'NodePool',
      cluster: 'demo',
      meta: { name: 'workers' },
      spec: { size: 3 },
      status: { state: 'NODE_POOL_STATE_SCALING_UP' },
    });
    await stage.terminal.flotilla('get', 'pools', '-o', 'json');
    expect(JSON.parse(stage.terminal.stdout.text)).toEqual({ kind: 'NodePoolList', items: [pool] });
  });

  test('yaml, name, jsonpath', async () => {
    await stage.terminal.flotilla('get', 'projects', '-o', 'yaml');
    expect(stage.terminal.stdout.text).toBe(
      'kind: ProjectList\nitems:\n  - kind: Project\n    meta:\n      id: prj_default\n      name: default\n      createTime: 2026-03-02T12:00:00.000Z\n    displayName: Default\n    state: PROJECT_STATE_ACTIVE\n',
    );
    await stage.terminal.flotilla('get', 'nodes', '-o', 'name');
    expect(stage.terminal.stdout.text).toBe('node/bravo\nnode/charlie\nnode/edge-7\nnode/rack-12\n');
    await stage.terminal.flotilla(
      'get',
      'nodes',
      '-o',
      'jsonpath={range .items[?(@.status.warning)]}{.meta.name}: {.status.warning}{"\\n"}{end}',
    );
    expect(stage.terminal.stdout.text).toBe('rack-12: ManagementLost\n');
  });
});

describe('-w', () => {
  test('on a pipe, the table and then a row for each change, never one for an age', async () => {
    const { server, terminal } = stage;
    const watching = terminal.flotilla('get', 'nodes', '-w');
    await terminal.stdout.shows(/rack-12 .*\n/);
    expect(terminal.stdout.text).toBe(table);
    terminal.clock.wallMs += 1000;
    server.fleet.nodes = server.fleet.nodes.map((node) =>
      node.meta?.name === 'edge-7' ? joiningNode('edge-7', 9) : node,
    );
    server.happen({ resourceKind: 'node', resourceName: 'edge-7' });
    await terminal.stdout.shows(/register 9\/11/);
    server.fleet.nodes = server.fleet.nodes.filter((node) => node.meta?.name !== 'bravo');
    await terminal.stdout.shows(/Deleted/);
    terminal.interrupt.abort(new Error('interrupted'));
    expect(await watching).toBe(130);
    expect(terminal.stdout.text).toBe(
      `${table}edge-7   workers  Provisioning (register 9/11)   -          -        2s         home/attic   41s\nbravo    workers  Deleted                        healthy    v1.34.4  3s         aws/eu-west  3d\n`,
    );
  });

  test('of one node, the numbered phases as they pass', async () => {
    const { server, terminal } = stage;
    server.fleet.nodes = [joiningNode('edge-7', 2)];
    const watching = terminal.flotilla('get', 'node', 'edge-7', '-w');
    await terminal.stdout.shows(/assign/);
    const problems = [
      {
        code: 'SWAP_ON',
        message: 'swap is on: /dev/sda5 (2 GiB).',
        remedy: 'Run: sudo swapoff -a, and remove the entry from /etc/fstab.',
      },
    ];
    server.fleet.nodes = [
      joiningNode('edge-7', 3, StepState.FAILED, { problems, endTime: ago(3), retryTime: ago(-57) }),
    ];
    server.happen({ resourceKind: 'node', resourceName: 'edge-7' });
    await terminal.stdout.shows(/swapoff/);
    terminal.interrupt.abort(new Error('interrupted'));
    expect(await watching).toBe(130);
    expect(terminal.stdout.text)
      .toBe(`NAME    POOL     STATUS                      HEALTH  K8S  LAST SEEN  LOCATION    AGE
edge-7  workers  Provisioning (assign 2/11)  -       -    1s         home/attic  40s
   1/11 enroll             done    1.2s
   2/11 assign             running 4.0s
edge-7  workers  Provisioning (preflight 3/11 failed)  -       -    1s         home/attic  40s  ! SWAP_ON
   2/11 assign             done    1.2s
   3/11 preflight          failed  1.0s   1 problem, tries again in 57s
  SWAP_ON         swap is on: /dev/sda5 (2 GiB).
                  Run: sudo swapoff -a, and remove the entry from /etc/fstab.
`);
  });

  test('on a terminal the table is painted over', async () => {
    const { server, terminal } = stage;
    server.fleet.nodes = [runningNode('bravo', 'workers')];
    terminal.stdout.isTTY = true;
    terminal.vars['NO_COLOR'] = '1';
    const watching = terminal.flotilla('get', 'nodes', '-w');
    await terminal.stdout.shows(/bravo/);
    server.fleet.nodes = [runningNode('charlie', 'workers')];
    await terminal.stdout.shows(/charlie/);
    terminal.interrupt.abort(new Error('interrupted'));
    expect(await watching).toBe(130);
    const escape = String.fromCharCode(27);
    expect(terminal.stdout.text.split(`${escape}[2A${escape}[0J`)[0]).toBe(
      'NAME   POOL     STATUS   HEALTH   K8S      LAST SEEN  LOCATION     AGE\nbravo  workers  Running  healthy  v1.34.4  2s         aws/eu-west  3d\n',
    );
  });

  test('a server that goes away is waited for', async () => {
    const { server, terminal } = stage;
    terminal.stderr.isTTY = true;
    server.fleet.nodes = [joiningNode('edge-7', 8)];
    const watching = terminal.flotilla('get', 'nodes', '-w');
    await terminal.stdout.shows(/join 8/);
    server.stop();
    await terminal.stderr.shows(/trying again/);
    server.fleet.nodes = [joiningNode('edge-7', 10)];
    await server.restart();
    await terminal.stdout.shows(/network-ready 10/);
    terminal.interrupt.abort(new Error('interrupted'));
    expect(await watching).toBe(130);
    expect(terminal.stderr.text.match(/trying again/g)).toHaveLength(1);
  });

  test('a name that is not there is not watched', async () => {
    expect(await stage.terminal.flotilla('get', 'node', 'edge-9', '-w')).toBe(3);
  });

  test('json: each state that is new, whole', async () => {
    const { server, terminal } = stage;
    server.fleet.nodes = [joiningNode('edge-7', 8)];
    const watching = terminal.flotilla('get', 'nodes', '-w', '-o', 'json');
    await terminal.stdout.shows(/"name": "edge-7"/);
    server.fleet.nodes = [joiningNode('edge-7', 9)];
    server.happen({});
    await terminal.stdout.shows(/"name": "edge-7"[^]*"name": "edge-7"/);
    terminal.interrupt.abort(new Error('interrupted'));
    expect(await watching).toBe(130);
    expect(terminal.stdout.text.match(/^\{$/gm)).toHaveLength(2);
  });
});
