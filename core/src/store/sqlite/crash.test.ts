import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom, systemClock } from '@flotilla/kit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleForTest } from '../../testing/bundle.js';
import { auditChainBreak } from '../audit-chain.js';
import type { Store } from '../store.js';
import { openSqliteStore } from './open.js';

const rounds = 8;
const nowMs = Date.UTC(2026, 0, 1);
const dir = mkdtempSync(join(tmpdir(), 'flotilla-crash-'));
let child = '';
let worker = '';

beforeAll(async () => {
  worker = await bundleForTest('store/sqlite/worker.ts', 'store-worker');
  child = await bundleForTest('testing/crash-child.ts', 'crash-child');
}, 60_000);
afterAll(() => {
  for (const path of [dir, child, worker]) rmSync(path, { recursive: true, force: true });
});

const open = (): Promise<Store> =>
  openSqliteStore({
    dataDir: dir,
    hostId: 'host-1',
    nowMs,
    random: seededRandom(1),
    writer: 'inline',
    onFatal: (error) => {
      throw error;
    },
  });

/** Runs the child, kills it a while after its first acknowledged commit, and gives what it acknowledged. */
async function killedAfter(aliveMs: number, first: number): Promise<number[]> {
  const process = spawn('node', [child, dir, worker, String(first), String(nowMs)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let errors = '';
  process.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  let started: () => void = () => undefined;
  const running = new Promise<void>((resolve) => (started = resolve));
  process.stdout.on('data', (data: Buffer) => {
    out += data.toString();
    started();
  });
  const ended = new Promise<void>((resolve) => process.on('close', () => resolve()));
  await Promise.race([running, ended]);
  if (out === '') throw new Error(`the child did nothing: ${errors}`);
  await systemClock.sleep(aliveMs);
  process.kill('SIGKILL');
  await ended;
  // A last line without its end was not read whole: it does not count as acknowledged.
  return out.split('\n').slice(0, -1).map(Number);
}

test('a writer that is killed has lost nothing that it acknowledged', async () => {
  const random = seededRandom(7);
  const before = await open();
  const projectId = (await before.read.project('default'))?.id ?? '';
  const token = {
    id: 'tok_crash',
    projectId,
    secretHmac: new Uint8Array([1]),
    poolId: '',
    clusterName: '',
    poolName: '',
    maxUses: 1_000_000,
    expiresAtMs: nowMs * 2,
    labels: {},
    machineLabels: {},
    location: undefined,
    sourceCidrs: [],
    createdBy: 'test',
  };
  await before.commit([{ kind: 'token.create', token }], { owner: 'api', nowMs, actor: 'test' });
  await before.close();

  const acknowledged = new Set<number>();
  let epoch = 0;
  for (let round = 0; round < rounds; round++) {
    const numbers = await killedAfter(20 + random.fraction() * 400, round * 100_000);
    for (const number of numbers) acknowledged.add(number);
    const store = await open();
    expect(store.instance.epoch).toBeGreaterThan(epoch);
    epoch = store.instance.epoch;
    await expectWhole(store, acknowledged);
    await store.close();
  }
  expect(acknowledged.size).toBeGreaterThan(rounds * 5);
}, 60_000);

async function expectWhole(store: Store, acknowledged: ReadonlySet<number>): Promise<void> {
  const seen = new Set<number>();
  let revision = 0;
  for (;;) {
    const events = await store.read.eventsAfter(revision, 1000);
    if (events.length === 0) break;
    for (const event of events) {
      expect(event.revision).toBe(++revision);
      seen.add(Number(event.message));
    }
  }
  const lost = [...acknowledged].filter((number) => !seen.has(number));
  expect(lost).toEqual([]);
  // All or nothing: as many uses, machines and audit entries as events.
  expect((await store.read.token('tok_crash'))?.uses).toBe(seen.size);
  const sample = [...seen].slice(-50);
  for (const number of sample) expect(await store.read.machine(`mch_${number}`)).toBeDefined();
  const audit: Awaited<ReturnType<Store['read']['audit']>>['items'][number][] = [];
  let pageToken = '';
  do {
    const page = await store.read.audit({ pageSize: 500, pageToken });
    audit.push(...page.items);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  expect(audit).toHaveLength(seen.size);
  expect(auditChainBreak(audit.reverse())).toBeUndefined();
}
