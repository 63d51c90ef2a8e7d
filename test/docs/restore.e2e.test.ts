import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '@flotilla/core';
import { systemRandom } from '@flotilla/kit';
import { afterAll, expect, test } from 'vitest';
import { run, type Finished } from '../quickstart/process.js';
import { root } from '../e2e/support.js';

const dataDir = join(mkdtempSync(join(tmpdir(), 'flotilla-restore-')), 'data');
afterAll(() => rmSync(join(dataDir, '..'), { recursive: true, force: true }));

const server = (...args: string[]): Promise<Finished> =>
  run([process.execPath, join(root, 'control-plane/dist/flotilla-server.mjs'), ...args, '--data-dir', dataDir]);

const open = (hostId: string): ReturnType<typeof openSqliteStore> =>
  openSqliteStore({
    dataDir,
    hostId,
    nowMs: Date.now(),
    random: systemRandom,
    writer: 'inline',
    onFatal: (error) => {
      throw error;
    },
  });

test('fault 47: a copy of another host does not start, and a wanted restore outranks what ran before', async () => {
  const elsewhere = await open('another-host');
  const { epoch } = elsewhere.instance;
  await elsewhere.close();

  const refused = await server('run', '--listen', '127.0.0.1:17447');
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain('STORE_FOREIGN_HOST');
  expect(refused.stderr).toContain('flotilla-server restore --take-over');

  const unsure = await server('restore');
  expect([unsure.code === 0, unsure.stderr]).toEqual([false, expect.stringContaining('CONSENT_NEEDED')]);

  const restored = await server('restore', '--take-over');
  expect([restored.code, restored.stderr]).toEqual([0, '']);
  const raised = Number(/epoch (\d+)/.exec(restored.stdout)?.[1]);
  expect(raised).toBeGreaterThan(epoch);
  // The directory is this host's now: the other one is refused in its turn.
  await expect(open('another-host')).rejects.toMatchObject({ code: 'STORE_FOREIGN_HOST' });
});
