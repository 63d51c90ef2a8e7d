import { afterAll, beforeAll, expect, it } from 'vitest';
import { FakeAgent } from './testing/fake-agent.js';
import { openOperator } from './testing/operator.js';
import { openTestServer, type TestServer } from './testing/server.js';
import { askWeb } from './testing/web.js';

let server: TestServer;

beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.remove());

it('the numbers have our prefix, a help text each, and count what there is', async () => {
  const operator = openOperator(server.port, server.admin.caPem, server.admin.apiKey);
  const { secret } = await operator.tokens.createToken();
  await new FakeAgent(server.port, server.admin.caPem).enroll(secret);
  operator.close();
  const { text } = await askWeb(server, '/metrics');
  const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
  expect(names.filter((name) => !name.startsWith('flotilla_'))).toEqual([]);
  for (const name of names) expect(text, name).toMatch(new RegExp(`^# HELP ${name} \\S`, 'm'));
  expect(text).toContain('flotilla_machines{state="AVAILABLE"} 1');
  expect(text).toMatch(/flotilla_store_commit_duration_seconds_count\{owner="enroll",result="ok"\} 1/);
  expect(text).toMatch(/flotilla_event_loop_lag_seconds\{quantile="0.99"\} \d/);
  expect(names).toEqual(
    expect.arrayContaining([
      'flotilla_nodes',
      'flotilla_nodes_by_verdict',
      'flotilla_holds',
      'flotilla_repairs',
      'flotilla_repair_rungs_total',
      'flotilla_agents_connected',
      'flotilla_agents_lost',
      'flotilla_feeds',
    ]),
  );
});
