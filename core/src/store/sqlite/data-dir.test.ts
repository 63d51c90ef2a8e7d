import {
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  existsSync,
  openSync,
  writeSync,
  closeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '@flotilla/kit';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { someEvent, someMachine } from '../../testing/samples.js';
import type { Store } from '../store.js';
import { openSqliteStore, type SqliteStoreOptions } from './open.js';

let dir = '';
beforeEach(() => (dir = join(mkdtempSync(join(tmpdir(), 'flotilla-data-')), 'data')));
afterEach(() => rmSync(join(dir, '..'), { recursive: true, force: true }));

const startMs = Date.UTC(2026, 0, 1);
const open = (over: Partial<SqliteStoreOptions> = {}): Promise<Store> =>
  openSqliteStore({
    dataDir: dir,
    hostId: 'host-1',
    nowMs: startMs,
    random: seededRandom(3),
    writer: 'inline',
    onFatal: (error) => {
      throw error;
    },
    ...over,
  });

describe('the data directory', () => {
  test('is for its owner alone', async () => {
    const store = await open();
    await store.commit([{ kind: 'event.append', event: someEvent() }], { owner: 'api', nowMs: startMs, actor: 'test' });
    const modes = ['.', 'flotilla.db', 'flotilla.db-wal', 'flotilla.db-shm', 'owner.db'].map((f) =>
      (statSync(join(dir, f)).mode & 0o777).toString(8),
    );
    expect(modes).toEqual(['700', '600', '600', '600', '600']);
    await store.close();
  });

  test('serves one server at a time, and the next when it is gone', async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({ code: 'DATA_DIR_IN_USE', kind: 'precondition' });
    await first.close();
    await (await open()).close();
  });

  test('keeps the instance and raises the epoch, never behind the clock', async () => {
    const first = await open();
    await first.close();
    const second = await open();
    expect(second.instance).toMatchObject({ instanceId: first.instance.instanceId, epoch: first.instance.epoch + 1 });
    await second.close();
    const later = await open({ nowMs: startMs + 3_600_000 });
    expect(later.instance.epoch).toBe(startMs / 1000 + 3600);
    await later.close();
  });

  test('of another host is refused, unless it is taken over', async () => {
    const first = await open();
    await first.close();
    await expect(open({ hostId: 'host-2' })).rejects.toMatchObject({ code: 'STORE_FOREIGN_HOST' });
    const taken = await open({ hostId: 'host-2', takeOver: true });
    expect(taken.instance).toMatchObject({ hostId: 'host-2', instanceId: first.instance.instanceId });
    await taken.close();
    await expect(open()).rejects.toMatchObject({ code: 'STORE_FOREIGN_HOST' });
  });

  test('that cannot be made is an error with a remedy', async () => {
    writeFileSync(join(dir, '..', 'file'), '');
    await expect(open({ dataDir: join(dir, '..', 'file', 'x') })).rejects.toMatchObject({ code: 'DATA_DIR_UNUSABLE' });
  });
});

describe('a damaged database is refused with the reason', () => {
  const filled = async (): Promise<string> => {
    const store = await open();
    const projectId = (await store.read.project('default'))?.id ?? '';
    for (let i = 0; i < 60; i++) {
      await store.commit([{ kind: 'machine.register', machine: someMachine(projectId, `mch_${i}`) }], {
        owner: 'enroll',
        nowMs: startMs,
        actor: 'test',
      });
    }
    await store.close();
    const file = join(dir, 'flotilla.db');
    expect(existsSync(`${file}-wal`) ? statSync(`${file}-wal`).size : 0).toBe(0);
    return file;
  };

  test('when its end is missing', async () => {
    const file = await filled();
    truncateSync(file, Math.floor(statSync(file).size / 2));
    await expect(open()).rejects.toMatchObject({ code: 'STORE_DAMAGED', kind: 'data-loss' });
  });

  test('when bytes in it were overwritten', async () => {
    const file = await filled();
    const fd = openSync(file, 'r+');
    for (let at = 4096; at < statSync(file).size; at += 4096) writeSync(fd, Buffer.alloc(64, 0xff), 0, 64, at);
    closeSync(fd);
    await expect(open()).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
  });

  test('when it is no database', async () => {
    const file = await filled();
    writeFileSync(file, Buffer.alloc(8192, 0x41));
    await expect(open()).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    expect(readFileSync(file)[0]).toBe(0x41);
  });

  test('and one of a newer version is told from a damaged one', async () => {
    const file = await filled();
    const db = new Database(file);
    db.exec("insert into migration (name, sha256, applied_at) values ('9999-future', 'x', 0)");
    db.close();
    await expect(open()).rejects.toMatchObject({ code: 'STORE_TOO_NEW' });
  });
});
