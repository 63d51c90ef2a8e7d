import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openControl } from './support/control.js';
import { FakeProxy } from './support/fake-proxy.js';
import type { FakeSite } from './support/fake-site.js';
import { openSites } from './support/sites.js';
import { makeTestKey, type TestKey } from './support/test-key.js';
import { BedServer } from './support/testbed.js';
import { ensureTools, librariesOf } from './support/tools.js';

const SUITES = ['usage', 'host', 'download', 'lifecycle'] as const;
const BOOT_TIMEOUT_MS = 20 * 60_000;
const SUITE_TIMEOUT_MS = 10 * 60_000;
const here = import.meta.dirname;
const bundle = join(here, '../../node-agent/dist/agent.cjs');
const agent = existsSync(bundle) ? readFileSync(bundle, 'utf8') : null;
if (agent === null) process.stderr.write('the case with the real agent is skipped: npm run build -w node-agent\n');
const unable = ensureTools();
if (unable !== null) process.stderr.write(`installer cases are skipped: ${unable}\n`);

describe.skipIf(unable !== null)('install.sh and uninstall.sh in a real server', () => {
  let workDir: string;
  let server: BedServer | undefined;
  let sites = new Map<string, FakeSite>();
  let proxy: FakeProxy | undefined;
  let control: Server | undefined;
  let environment: string[] = [];

  beforeAll(async () => {
    // Beside the cached runtime, so that a copy is a link.
    const cache = join(process.env['FLOTILLA_CACHE'] ?? join(homedir(), '.cache', 'flotilla'), 'installer-cases');
    mkdirSync(cache, { recursive: true });
    workDir = mkdtempSync(join(cache, 'run-'));
    const built = join(workDir, 'built');
    execFileSync(
      process.execPath,
      [join(here, '../scripts/package.mjs'), '--agent', join(here, 'support/fake-agent.cjs'), '--out', built],
      { stdio: 'pipe' },
    );
    server = await BedServer.up('inst');
    const host = server.hostAddress;
    const key = makeTestKey(workDir, 'site');
    sites = await openSites(built, workDir, host, key, agent);
    proxy = await FakeProxy.open(host);
    const opened = await openControl(host, sites, proxy);
    control = opened.server;
    environment = environmentOf(host, sites, key, proxy, opened.port);
    await prepare(server, built);
  }, BOOT_TIMEOUT_MS);

  afterAll(async () => {
    control?.close();
    await proxy?.close();
    await Promise.all([...sites.values()].map(async (site) => site.close()));
    await server?.down();
    rmSync(workDir, { recursive: true, force: true });
  }, BOOT_TIMEOUT_MS);

  test.skipIf(agent === null)('agent', { timeout: SUITE_TIMEOUT_MS }, async () => {
    const { code, output } = await bats(server, environment, 'agent');
    expect(code, output).toBe(0);
    expect(output).toMatch(/^ok [1-9]/m);
  });

  test.each(SUITES)('%s', { timeout: SUITE_TIMEOUT_MS }, async (suite) => {
    const { code, output } = await bats(server, environment, suite);
    expect(code, output).toBe(0);
    // A suite that ran nothing would pass too.
    expect(output).toMatch(/^ok [1-9]/m);
  });
});

async function bats(
  server: BedServer | undefined,
  environment: readonly string[],
  suite: string,
): Promise<{ code: number; output: string }> {
  if (server === undefined) throw new Error('no server');
  const file = `/cases/${suite}/${suite}.bats`;
  return server.exec(['env', ...environment, 'bats', '--tap', file], SUITE_TIMEOUT_MS / 1000);
}

async function prepare(server: BedServer, built: string): Promise<void> {
  await server.push(here, '/cases');
  for (const name of ['install.sh', 'uninstall.sh']) await server.push(join(built, name), `/cases/${name}`);
  for (const path of ['/usr/bin/bats', '/usr/lib/bats-core', '/usr/libexec/bats-core', '/usr/bin/wget'])
    await server.push(path, path);
  for (const library of librariesOf('/usr/bin/wget')) {
    const { code } = await server.exec(['test', '-e', library]);
    if (code !== 0) await server.push(library, library);
  }
}

function environmentOf(
  host: string,
  sites: ReadonlyMap<string, FakeSite>,
  key: TestKey,
  proxy: FakeProxy,
  controlPort: number,
): string[] {
  const addresses = [...sites].map(([name, site]) => `SITE_${name}=https://${host}:${String(site.port)}`);
  return [
    ...addresses,
    `PIN=${key.pin}`,
    `CONTROL=${host}:${String(controlPort)}`,
    `PROXY=${host}:${String(proxy.port)}`,
  ];
}
