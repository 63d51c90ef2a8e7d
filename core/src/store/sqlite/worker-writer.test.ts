import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom, type FlotillaError } from '@flotilla/kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleForTest } from '../../testing/bundle.js';
import { storeConformance } from '../conformance/store.conformance.js';
import { openSqliteStore } from './open.js';

const root = mkdtempSync(join(tmpdir(), 'flotilla-worker-'));
let workerFile = '';
let count = 0;
beforeAll(async () => {
  workerFile = await bundleForTest('store/sqlite/worker.ts', 'store-worker');
}, 60_000);
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
  rmSync(workerFile, { force: true });
});

const open = (onFatal: (error: FlotillaError) => void, file = workerFile) =>
  openSqliteStore({
    dataDir: join(root, `s${count++}`),
    hostId: 'host-1',
    nowMs: Date.UTC(2026, 0, 1),
    random: seededRandom(count),
    writer: { workerFile: file },
    onFatal,
  });

storeConformance('SQLite with its writer in a thread', () =>
  open((error) => {
    throw error;
  }),
);

describe('the thread', () => {
  test('that cannot start is an error of opening, and gives the directory back', async () => {
    const before = count;
    await expect(open(() => undefined, join(root, 'no-such-file.mjs'))).rejects.toMatchObject({ code: 'STORE_FAILED' });
    count = before;
    await (await open(() => undefined)).close();
  });
});
