import { beforeEach, expect, test } from 'vitest';
import { EventSeverity } from '@flotilla/proto';
import { ago } from '../testing/fake-env.js';
import { useStage } from '../testing/setup.js';

const stage = useStage();

beforeEach(() => {
  const { fleet } = stage.server;
  const node = { resourceKind: 'node', resourceId: 'nod_1', resourceName: 'rack-12' };
  fleet.addEvent({
    ...node,
    time: ago(252),
    severity: EventSeverity.WARNING,
    category: 'Health',
    reason: 'AgentSilent',
    message: 'no heartbeat for 15.4 s',
    count: 3,
  });
  fleet.addEvent({
    resourceKind: 'pool',
    resourceId: 'pol_1',
    resourceName: 'workers',
    time: ago(60),
    category: 'Lifecycle',
    reason: 'Claimed',
    message: 'edge-7 was claimed',
  });
});

const table = `AGE    TYPE     CATEGORY   REASON       OBJECT        MESSAGE
4m12s  Warning  Health     AgentSilent  node/rack-12  no heartbeat for 15.4 s (3 times)
60s    Normal   Lifecycle  Claimed      pool/workers  edge-7 was claimed
`;

test.each([['events'], ['get', 'ev']])('%s %s: oldest first', async (...argv) => {
  expect(await stage.terminal.flotilla(...argv.filter((word) => word !== undefined))).toBe(0);
  expect(stage.terminal.stdout.text).toBe(table);
});

test('of one thing, and only the last ones', async () => {
  await stage.terminal.flotilla('events', 'pool/workers', '--no-headers');
  expect(stage.terminal.stdout.text).toBe('60s  Normal  Lifecycle  Claimed  pool/workers  edge-7 was claimed\n');
  await stage.terminal.flotilla('events', '--limit', '1', '-o', 'name');
  expect(stage.terminal.stdout.text).toBe('event/evt_2\n');
});

test('-w goes on from where the list ended, also after the connection was lost', async () => {
  const { server, terminal } = stage;
  const watching = terminal.flotilla('events', '-w');
  await terminal.stdout.shows(/Claimed/);
  await expect.poll(() => server.watching).toBe(1);
  server.happen({
    resourceKind: 'node',
    resourceName: 'edge-7',
    category: 'Lifecycle',
    reason: 'Joined',
    message: 'joined after 31 s',
  });
  await terminal.stdout.shows(/Joined/);
  server.stop();
  server.fleet.addEvent({
    resourceKind: 'node',
    resourceName: 'edge-7',
    category: 'Lifecycle',
    reason: 'Ready',
    message: 'it is Ready',
  });
  await server.restart();
  await terminal.stdout.shows(/it is Ready/);
  terminal.interrupt.abort(new Error('interrupted'));
  expect(await watching).toBe(130);
  expect(terminal.stdout.text).toBe(
    `${table}0s     Normal   Lifecycle  Joined       node/edge-7   joined after 31 s\n0s     Normal   Lifecycle  Ready        node/edge-7   it is Ready\n`,
  );
});

test('-w of one thing shows nothing else', async () => {
  const { server, terminal } = stage;
  const watching = terminal.flotilla('events', 'node/rack-12', '-w', '-o', 'name');
  await expect.poll(() => server.watching).toBe(1);
  server.happen({ resourceKind: 'node', resourceName: 'edge-7' });
  server.happen({ resourceKind: 'node', resourceName: 'rack-12' });
  await terminal.stdout.shows(/evt_4/);
  terminal.interrupt.abort(new Error('interrupted'));
  await watching;
  expect(terminal.stdout.text).toBe('event/evt_1\nevent/evt_4\n');
});
