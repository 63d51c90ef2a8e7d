import { beforeEach, describe, expect, test } from 'vitest';
import { AuditEntry, EventSeverity } from '@flotilla/proto';
import { machine, runningNode } from '../testing/examples.js';
import { ago } from '../testing/fake-env.js';
import { useStage } from '../testing/setup.js';

const stage = useStage();
const node = { resourceKind: 'node', resourceId: 'nod_bravo', resourceName: 'bravo' };
const host = { resourceKind: 'machine', resourceId: 'mch_bravo', resourceName: 'bravo' };

beforeEach(() => {
  const { fleet } = stage.server;
  fleet.nodes = [runningNode('bravo', 'workers')];
  fleet.machines = [machine('bravo', { provider: 'aws', region: 'eu-west' })];
  fleet.addEvent({ ...host, time: ago(7200), category: 'Access', reason: 'Enrolled', message: 'with token f7k2q1' });
  fleet.addEvent({ ...node, time: ago(7100), category: 'Lifecycle', reason: 'Joined', message: 'Ready after 23 s' });
  fleet.addEvent({ resourceKind: 'node', resourceId: 'nod_other', reason: 'Other', message: 'of another node' });
  fleet.addEvent({
    ...node,
    time: ago(60),
    category: 'Health',
    reason: 'KubeletSick',
    message: 'the kubelet refuses its healthz',
    severity: EventSeverity.WARNING,
    count: 3,
  });
});

describe('logs', () => {
  const story = `2026-03-03T10:00:00Z   Access       Enrolled: with token f7k2q1
2026-03-03T10:01:40Z   Lifecycle    Joined: Ready after 23 s
2026-03-03T11:59:00Z ! Health       KubeletSick: the kubelet refuses its healthz (3 times)
`;

  test.each([['node/bravo'], ['node', 'bravo'], ['machine/bravo']])(
    'of %j: its machine and its node in one story, oldest first',
    async (...words) => {
      expect(await stage.terminal.flotilla('logs', ...words)).toBe(0);
      expect(stage.terminal.stdout.text).toBe(story);
    },
  );

  test('--since, and as data', async () => {
    await stage.terminal.flotilla('logs', 'node/bravo', '--since', '5m');
    expect(stage.terminal.stdout.text.split('\n')).toHaveLength(2);
    await stage.terminal.flotilla('logs', 'node/bravo', '-o', 'jsonpath={.items[*].reason}');
    expect(stage.terminal.stdout.text).toBe('Enrolled Joined KubeletSick');
  });

  test('-f goes on with what concerns it, and nothing twice', async () => {
    const { server, terminal } = stage;
    const following = terminal.flotilla('logs', 'node/bravo', '-f');
    await terminal.stdout.shows(/KubeletSick/);
    await expect.poll(() => server.watching).toBe(1);
    server.happen({ ...host, category: 'Health', reason: 'Reboot', message: 'boot id changed' });
    server.happen({ resourceKind: 'node', resourceId: 'nod_other', reason: 'Other', message: 'again' });
    server.happen({ ...node, category: 'Health', reason: 'Healthy', message: 'for 2 m' });
    await terminal.stdout.shows(/Healthy/);
    terminal.interrupt.abort(new Error('interrupted'));
    expect(await following).toBe(130);
    expect(terminal.stdout.text).toBe(
      `${story}2026-03-03T12:00:00Z   Health       Reboot: boot id changed\n2026-03-03T12:00:00Z   Health       Healthy: for 2 m\n`,
    );
  });

  test.each([['node'], ['node/a', 'node/b']])('%j is no single thing: 2', async (...words) => {
    expect(await stage.terminal.flotilla('logs', ...words)).toBe(2);
  });
});

describe('audit', () => {
  beforeEach(() => {
    stage.server.fleet.audit = [1n, 2n, 3n].map((sequence) =>
      AuditEntry.create({
        sequence,
        time: ago(60 * Number(4n - sequence)),
        actor: sequence === 2n ? 'rule:remediation' : 'api-key:ci',
        action: 'node.cordon',
        resourceKind: 'node',
        resourceId: 'nod_bravo',
        result: sequence === 3n ? 'REFUSED' : 'OK',
        details: { name: 'bravo', ...(sequence === 3n ? { why: 'ROLE_TOO_LOW' } : {}) },
        remoteAddress: '203.0.113.9',
      }),
    );
  });

  test('oldest first', async () => {
    expect(await stage.terminal.flotilla('audit')).toBe(0);
    expect(stage.terminal.stdout.text).toBe(`AGE  ACTOR             ACTION       OBJECT      RESULT   DETAILS
3m   api-key:ci        node.cordon  node/bravo  ok       -
2m   rule:remediation  node.cordon  node/bravo  ok       -
60s  api-key:ci        node.cordon  node/bravo  refused  why=ROLE_TOO_LOW
`);
  });

  test('--limit takes the newest, --actor asks the server', async () => {
    await stage.terminal.flotilla('audit', '--limit', '1', '-o', 'name');
    expect(stage.terminal.stdout.text).toBe('audit/3\n');
    await stage.terminal.flotilla('audit', '--actor', 'rule:remediation', '-o', 'jsonpath={.items[*].sequence}');
    expect(stage.terminal.stdout.text).toBe('2');
  });
});
