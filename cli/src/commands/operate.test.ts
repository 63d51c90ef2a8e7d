import { beforeEach, describe, expect, test } from 'vitest';
import { Machine, Node, NodeState, Role } from '@flotilla/proto';
import { demo, machine, runningNode, workers } from '../testing/examples.js';
import { ago, fakeNowMs } from '../testing/fake-env.js';
import { FakeFailure } from '../testing/fake-failure.js';
import { useStage } from '../testing/setup.js';

const stage = useStage();
const aws = { provider: 'aws', region: 'eu-west' };

beforeEach(() => {
  const { fleet } = stage.server;
  fleet.clusters = [demo];
  fleet.pools = [workers];
  fleet.nodes = [runningNode('bravo', 'workers'), runningNode('charlie', 'workers')];
  fleet.machines = [machine('bravo', aws), machine('charlie', aws)];
});

const requestOf = (method: string): unknown => stage.server.calls.findLast((call) => call.method === method)?.request;

function askable(answer: string): void {
  stage.terminal.stdinIsTTY = true;
  stage.terminal.stderr.isTTY = true;
  stage.terminal.answer = answer;
}

describe('cordon and uncordon', () => {
  test.each([
    [['cordon', 'bravo', 'charlie'], 'node/bravo is cordoned\nnode/charlie is cordoned\n'],
    [['cordon', 'node/bravo'], 'node/bravo is cordoned\n'],
    [['cordon', 'node', 'bravo'], 'node/bravo is cordoned\n'],
    [['uncordon', 'bravo', '-o', 'name'], 'node/bravo\n'],
    [['cordon', 'bravo', '--dry-run'], 'node/bravo is cordoned (dry run)\n'],
  ])('%j', async (argv, text) => {
    expect(await stage.terminal.flotilla(...argv)).toBe(0);
    expect(stage.terminal.stdout.text).toBe(text);
  });

  test('what is no node is refused before anybody is asked', async () => {
    expect(await stage.terminal.flotilla('cordon', 'machine/bravo')).toBe(2);
    expect(stage.terminal.stderr.text).toBe(
      'refused USAGE: "machine/bravo" is no node.\nFor example: bravo, or node/bravo.\n',
    );
    expect(stage.server.calls).toEqual([]);
  });
});

describe('drain', () => {
  const draining = (podsLeft: number, changes: object = {}, counting = false): void => {
    const { fleet } = stage.server;
    fleet.nodes = fleet.nodes.map((node) =>
      node.meta?.name !== 'bravo'
        ? node
        : Node.fromPartial({
            ...node,
            spec: { cordoned: true, drained: true },
            status: {
              ...node.status,
              state: NodeState.RUNNING_SCHEDULING_DISABLED,
              reason: podsLeft === 0 && !counting ? 'Drained' : 'Draining',
              drain: { podsLeft, startTime: ago(5), deadlineTime: new Date(fakeNowMs + 900_000), ...changes },
            },
          }),
    );
  };

  test('shows what is left and what blocks as it changes, and ends when the node is empty', async () => {
    const { server, terminal } = stage;
    terminal.stderr.isTTY = true;
    server.fleet.drainNode = (request) => {
      draining(0, {}, true);
      return server.fleet.getNode(request);
    };
    const done = terminal.flotilla('drain', 'bravo', '--timeout', '15m');
    await terminal.stderr.shows(/counted/);
    draining(3, { blocked: ['shop/db-0: budget db allows 0 more disruptions'] });
    server.happen({ resourceKind: 'node' });
    await terminal.stderr.shows(/blocked: shop\/db-0/);
    draining(0);
    server.happen({ resourceKind: 'node' });
    expect(await done).toBe(0);
    expect(requestOf('DrainNode')).toMatchObject({
      node: 'nod_bravo',
      drain: { timeout: { seconds: 900n, nanos: 0 }, force: false },
    });
    expect(terminal.stderr.text).toBe(`pods are being counted and asked to leave
3 pods have to leave; it is parked in 15m
  blocked: shop/db-0: budget db allows 0 more disruptions
no pod has to leave any more
It stays cordoned. To use it again: flotilla uncordon bravo
`);
    expect(terminal.stdout.text).toMatch(/^node\/bravo is drained after \ds\n$/);
  });

  test('parked: what blocks, and what a person can do; 1', async () => {
    const { server, terminal } = stage;
    server.fleet.drainNode = (request) => {
      draining(2, { parked: true, blocked: ['shop/db-0: budget db allows 0 more disruptions'] });
      return server.fleet.getNode(request);
    };
    expect(await terminal.flotilla('drain', 'bravo')).toBe(1);
    expect(terminal.stdout.text).toBe('');
    expect(terminal.stderr.text).toBe(`refused DRAIN_PARKED: node bravo is not empty in time, 2 left:
  shop/db-0: budget db allows 0 more disruptions.
Free what blocks, then: flotilla retry node bravo. To take it back: flotilla uncordon bravo
To delete them all the same (role Admin): flotilla drain bravo --force
`);
  });

  test('a deadline that passes without a word is a timeout: 4', async () => {
    const { server, terminal } = stage;
    server.fleet.drainNode = (request) => {
      draining(2, { deadlineTime: ago(121) });
      return server.fleet.getNode(request);
    };
    expect(await terminal.flotilla('drain', 'bravo')).toBe(4);
    expect(terminal.stderr.text).toContain('DRAIN_TIMEOUT');
  });

  test('taken back by somebody else: said, 1', async () => {
    const { server, terminal } = stage;
    terminal.stderr.isTTY = true;
    server.fleet.drainNode = (request) => {
      draining(2);
      return server.fleet.getNode(request);
    };
    const done = terminal.flotilla('drain', 'bravo');
    await terminal.stderr.shows(/2 pods/);
    server.fleet.uncordonNode({ node: 'bravo' });
    expect(await done).toBe(1);
    expect(terminal.stderr.text).toContain('somebody took the drain of node bravo back');
  });

  test('--force needs a yes', async () => {
    expect(await stage.terminal.flotilla('drain', 'bravo', '--force')).toBe(2);
    expect(stage.terminal.stderr.text).toContain('CONFIRMATION_NEEDED: to drain by force node bravo');
    expect(requestOf('DrainNode')).toBeUndefined();
    askable('bravo');
    expect(await stage.terminal.flotilla('drain', 'bravo', '--force', '--no-wait')).toBe(0);
    expect(stage.terminal.stderr.text).toContain('also where a disruption budget protects them');
    expect(stage.terminal.stdout.text).toBe('node/bravo is being drained\n');
    expect(requestOf('DrainNode')).toMatchObject({ drain: { force: true } });
  });

  test('one at a time', async () => {
    expect(await stage.terminal.flotilla('drain', 'bravo', 'charlie')).toBe(2);
    expect(stage.server.calls).toEqual([]);
  });
});

describe('replace and remove', () => {
  test('replace says what happens, and sends how pods may leave', async () => {
    askable('bravo');
    const code = await stage.terminal.flotilla('replace', 'node', 'bravo', '--drain-timeout', '5m', '--force');
    expect(code).toBe(0);
    expect(stage.terminal.stderr.text).toContain('another machine takes the place first where there is a spare');
    expect(stage.terminal.stderr.text).toContain('By force: pods that still stand');
    expect(stage.terminal.stdout.text).toBe('node/bravo is being replaced\n');
    expect(requestOf('ReplaceNode')).toMatchObject({
      node: 'nod_bravo',
      drain: { force: true, timeout: { seconds: 300n } },
    });
  });

  test('without a yes nothing is replaced', async () => {
    askable('charlie');
    expect(await stage.terminal.flotilla('replace', 'node', 'bravo')).toBe(1);
    expect(requestOf('ReplaceNode')).toBeUndefined();
  });
});

describe('quarantine and release', () => {
  test('a machine in use is asked about; a spare is not', async () => {
    expect(await stage.terminal.flotilla('quarantine', 'machine', 'bravo', '--reason', 'fan')).toBe(2);
    expect(stage.terminal.stderr.text).toContain('CONFIRMATION_NEEDED: to quarantine machine bravo');
    const [bravo] = stage.server.fleet.machines;
    stage.server.fleet.machines = [Machine.fromPartial({ ...bravo, status: { ...bravo?.status, nodeId: '' } })];
    expect(await stage.terminal.flotilla('quarantine', 'machine', 'bravo', '--reason', 'fan is loud')).toBe(0);
    expect(stage.terminal.stdout.text).toBe('machine/bravo is in quarantine\n');
    expect(requestOf('QuarantineMachine')).toMatchObject({ machine: 'mch_bravo', reason: 'fan is loud' });
  });

  test('release asks where something was kept', async () => {
    expect(await stage.terminal.flotilla('release', 'machine', 'bravo')).toBe(0);
    expect(stage.terminal.stdout.text).toBe('machine/bravo is released\n');
    const [bravo] = stage.server.fleet.machines;
    stage.server.fleet.machines = [Machine.fromPartial({ ...bravo, status: { ...bravo?.status, preserved: true } })];
    expect(await stage.terminal.flotilla('release', 'machine', 'bravo')).toBe(2);
    expect(stage.terminal.stderr.text).toContain('CONFIRMATION_NEEDED: to release machine bravo');
  });
});

describe('pause and resume', () => {
  test.each([
    ['pool', 'workers', 'PauseNodePool', 'ResumeNodePool'],
    ['cluster', 'demo', 'PauseCluster', 'ResumeCluster'],
    ['machine', 'bravo', 'PauseMachine', 'ResumeMachine'],
  ])('%s', async (noun, name, pause, resume) => {
    expect(await stage.terminal.flotilla('pause', noun, name, '--for', '90m', '--why', 'power test')).toBe(0);
    expect(stage.terminal.stdout.text).toBe(`${noun}/${name} is paused for 90m\n`);
    expect(requestOf(pause)).toMatchObject({ duration: { seconds: 5400n }, reason: 'power test' });
    await stage.terminal.flotilla('describe', noun, name);
    expect(stage.terminal.stdout.text).toContain('Paused   until 13:30:00Z (in 90m): power test (api-key:bootstrap)');
    expect(await stage.terminal.flotilla('resume', noun, name)).toBe(0);
    expect(stage.terminal.stdout.text).toBe(`${noun}/${name} is resumed\n`);
    expect(requestOf(resume)).toBeDefined();
  });

  test('why is asked for', async () => {
    expect(await stage.terminal.flotilla('pause', 'pool', 'workers')).toBe(2);
    expect(stage.terminal.stderr.text).toContain("'--why <text>' not specified");
  });
});

describe('projects, members, keys', () => {
  test('create and delete a project; its name is typed', async () => {
    expect(await stage.terminal.flotilla('create', 'project', 'shop', '--title', 'Web shop', '--label', 'a=b')).toBe(0);
    expect(stage.terminal.stdout.text).toBe('project/shop created\n');
    expect(requestOf('CreateProject')).toMatchObject({ name: 'shop', displayName: 'Web shop', labels: { a: 'b' } });
    askable('shop');
    expect(await stage.terminal.flotilla('delete', 'project', 'shop', '--wait')).toBe(0);
    expect(stage.terminal.stderr.text).toContain('This deletes project shop: its clusters first');
    expect(stage.terminal.stdout.text).toMatch(/^project\/shop is being deleted\nproject\/shop is deleted after 0s\n$/);
  });

  test('members', async () => {
    const ann = 'user:ann@example.org';
    expect(await stage.terminal.flotilla('member', 'set', ann, '--role', 'admin')).toBe(0);
    expect(stage.terminal.stdout.text).toBe(`member/${ann} is admin of default\n`);
    await stage.terminal.flotilla('member', 'list');
    expect(stage.terminal.stdout.text).toBe(`SUBJECT               ROLE   AGE\n${ann}  Admin  0s\n`);
    expect(await stage.terminal.flotilla('member', 'remove', ann, '--yes')).toBe(0);
    expect(stage.server.fleet.members).toEqual([]);
    expect(await stage.terminal.flotilla('member', 'remove', ann, '--yes')).toBe(3);
  });

  test('rotate: a second key with the same role and life, the old one stays', async () => {
    await stage.terminal.flotilla('api-key', 'create', 'ci', '--role', 'member');
    const [old] = stage.server.fleet.keys;
    if (old?.meta !== undefined) old.meta.createTime = ago(86_400);
    expect(await stage.terminal.flotilla('api-key', 'rotate', 'ci')).toBe(0);
    expect(stage.terminal.stdout.text).toBe('flk_abc.def\n');
    expect(requestOf('CreateApiKey')).toMatchObject({
      name: 'ci-2',
      role: Role.MEMBER,
      ttl: { seconds: 91n * 86_400n },
    });
    expect(requestOf('RevokeApiKey')).toBeUndefined();
    await stage.terminal.flotilla('api-key', 'rotate', 'ci-2');
    expect(requestOf('CreateApiKey')).toMatchObject({ name: 'ci-3' });
  });

  test('--revoke-old: only after the new key was seen to work', async () => {
    await stage.terminal.flotilla('api-key', 'create', 'ci', '--role', 'member');
    stage.server.fleet.createApiKey = (request) => ({
      apiKey: stage.server.fleet.keys[0] ?? neverHappens(request.name),
      secret: 'flk_new.bad',
    });
    expect(await stage.terminal.flotilla('api-key', 'rotate', 'ci', '--revoke-old')).toBe(1);
    expect(stage.terminal.stderr.text).toContain('the old one was not touched');
    expect(stage.terminal.stderr.text).not.toContain('flk_new');
    expect(requestOf('RevokeApiKey')).toBeUndefined();
    stage.server.fleet.createApiKey = (request) => ({
      apiKey: stage.server.fleet.keys[0] ?? neverHappens(request.name),
      secret: stage.server.apiKey,
    });
    expect(await stage.terminal.flotilla('api-key', 'rotate', 'ci', '--revoke-old')).toBe(0);
    expect(requestOf('RevokeApiKey')).toMatchObject({ apiKey: 'key_ci' });
  });

  test('a refusal has its code, its reason and what to do', async () => {
    stage.server.failures.set(
      'SetMember',
      new FakeFailure(9, 'LAST_ADMIN', 'ann is the last Admin', 'Make another Admin first.'),
    );
    expect(await stage.terminal.flotilla('member', 'set', 'user:ann@example.org', '--role', 'reader')).toBe(1);
    expect(stage.terminal.stderr.text).toBe('refused LAST_ADMIN: ann is the last Admin.\nMake another Admin first.\n');
  });
});

function neverHappens(name: string): never {
  throw new Error(`no key for ${name}`);
}
