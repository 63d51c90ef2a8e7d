import { cpSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ControlPlane } from '../quickstart/control-plane.js';
import { run } from '../quickstart/process.js';
import { inlineCode, pageText, root } from './markdown.js';

const page = pageText('docs/operations.md');
const url = 'https://127.0.0.1:17440';
const home = mkdtempSync(join(tmpdir(), 'flotilla-operations-'));
const controlPlane = new ControlPlane({ root, dir: home, publicUrl: url, listen: '127.0.0.1:17440' });

beforeAll(async () => {
  await controlPlane.start();
  await controlPlane.login();
  await controlPlane.flotilla(['create', 'cluster', 'demo']);
}, 30_000);

afterAll(async () => {
  await controlPlane.stop();
  rmSync(home, { recursive: true });
});

const clusters = (): Promise<string> => controlPlane.flotilla(['get', 'clusters', '-o', 'name']);

/** GET as a probe does it; what is checked here is the path, not the certificate. */
function get(path: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const ask = request(`${url}${path}`, { rejectUnauthorized: false, timeout: 5000 }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode, body }));
    });
    ask.on('error', reject).end();
  });
}

test('the health paths answer, and every number that the page names is among the metrics', async () => {
  expect(await get('/healthz')).toEqual({ status: 200, body: 'ok\n' });
  expect((await get('/readyz')).status).toBe(200);
  const named = inlineCode(page).filter((code) => code.startsWith('flotilla_'));
  expect(named.length).toBeGreaterThan(4);
  const { body } = await get('/metrics');
  expect(named.filter((name) => !body.includes(`# HELP ${name} `))).toEqual([]);
});

test('a second server on the data directory is refused, and the first goes on', async () => {
  const second = [process.execPath, join(root, 'control-plane/dist/flotilla-server.mjs'), 'run'];
  const options = ['--data-dir', controlPlane.dataDir, '--listen', '127.0.0.1:17442', '--public-url', url];
  const { code, stderr } = await run([...second, ...options], { timeoutMs: 15_000 });
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^DATA_DIR_IN_USE: .+\n.+/)]);
  expect(await clusters()).toContain('demo');
});

test('what was answered with success survives kill -9', async () => {
  await controlPlane.flotilla(['create', 'pool', 'late']);
  await controlPlane.stop('SIGKILL');
  await controlPlane.start();
  expect(await controlPlane.flotilla(['get', 'pools', '-o', 'name'])).toContain('late');
});

test('the copy of a stopped data directory is a backup: same CA, same keys, what was there then', async () => {
  const copy = join(home, 'copy');
  await controlPlane.stop();
  cpSync(controlPlane.dataDir, copy, { recursive: true, preserveTimestamps: true });
  await controlPlane.start();
  await controlPlane.flotilla(['create', 'cluster', 'after']);
  await controlPlane.stop();
  rmSync(controlPlane.dataDir, { recursive: true });
  renameSync(copy, controlPlane.dataDir);
  await controlPlane.start();
  // The context of before is still good: its CA and its API key are the ones of the copy.
  const names = await clusters();
  expect(names).toContain('demo');
  expect(names).not.toContain('after');
});

test('without master.key the copy is of no use, and the server says so', async () => {
  await controlPlane.stop();
  rmSync(join(controlPlane.dataDir, 'master.key'));
  await expect(controlPlane.start(15_000)).rejects.toThrow(/SECRET_UNREADABLE[^]*master\.key/);
});
