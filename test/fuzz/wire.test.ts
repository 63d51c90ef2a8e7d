import { seededRandom } from '@flotilla/kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openOperator, type Operator } from '../../control-plane/src/testing/operator.js';
import { openTestServer, type TestServer } from '../../control-plane/src/testing/server.js';
import { sendOnce, wireCorpus, wireRound, type WireServer } from './wire.js';

let server: TestServer;
let operator: Operator;
let at: WireServer;

beforeAll(async () => {
  server = await openTestServer();
  operator = openOperator(server.port, server.admin.caPem, server.admin.apiKey);
  at = { host: '127.0.0.1', port: server.port, caPem: server.admin.caPem };
});
afterAll(async () => {
  operator.close();
  await server.remove();
});

describe('a server that is sent broken HTTP/2', () => {
  test('answers the sound conversations that the broken ones are made of', async () => {
    for (const bytes of wireCorpus) await sendOnce(at, bytes);
    expect((await operator.versions.getServerInfo()).version).toBe('0.0.0-test');
  });

  test('goes on answering others, closes what is broken, and keeps its memory', async () => {
    // What is loaded on first use is loaded; what grows from here on is a leak.
    await wireRound(at, 100, seededRandom(1), () => Promise.resolve());
    const before = process.memoryUsage().rss;
    let answered = 0;
    const { sent } = await wireRound(at, 400, seededRandom(2), async () => {
      await operator.versions.getServerInfo();
      answered++;
    });
    expect(answered).toBe(sent / 20);
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024);
  }, 120_000);
});
