import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { measure } from './measure.js';
import { unpackPayload, type Payload } from './payload.js';

const mib = 1024 * 1024;
let dir: string;
let payload: Payload;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'flotilla-agent-memory-'));
  payload = await unpackPayload(resolve(import.meta.dirname, '../../../installer/dist'), dir);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

// 9,000 beats are a day of beats every ten seconds. As a node: all that a spare does, and its kubelet asked at each beat.
test('the agent of a node stays within 60 MiB over 9,000 heartbeats', async () => {
  const samples = await measure({ payload, beats: 9_000, beatMs: 5, joined: true });
  const last = samples.at(-1);
  expect(last?.beats).toBeGreaterThanOrEqual(9_000);
  expect((last?.rssBytes ?? Number.NaN) / mib).toBeLessThanOrEqual(60);
});
