import { FlotillaError, seededRandom } from '@flotilla/kit';
import { describe, expect, test } from 'vitest';
import { someEvent, someMachine } from '../../testing/samples.js';
import { BatchWriter, type CommitRequest, type CommitResult } from './batch-writer.js';
import { builder, SqliteConnection } from './database.js';
import { GroupCommit, pendingMax } from './group-commit.js';
import { prepareDatabase } from './prepare.js';

const nowMs = Date.UTC(2026, 0, 1);
const aWriter = () => {
  const db = new SqliteConnection(':memory:', { readonly: false });
  const instance = prepareDatabase(db, {
    file: ':memory:',
    hostId: 'h',
    nowMs,
    random: seededRandom(1),
    takeOver: false,
  });
  return { db, writer: new BatchWriter(db, instance.epoch) };
};
const request = (...changes: CommitRequest['changes']): CommitRequest => ({
  changes,
  options: { owner: 'enroll', nowMs, actor: 'test' },
});
const event = (message = 'm') => request({ kind: 'event.append', event: someEvent({ message }) });
const big = (id: string) =>
  request({ kind: 'machine.register', machine: someMachine('p', id, { installId: 'x'.repeat(200_000) }) });
const codes = (results: readonly CommitResult[]): string[] => results.map((r) => (r.ok ? 'ok' : r.error.code));

describe('a batch', () => {
  test('takes nothing of the others with the one that is refused', () => {
    const { writer } = aWriter();
    const bad = request(
      { kind: 'event.append', event: someEvent() },
      { kind: 'token.spend', tokenId: 'no', identityKeySha256: 'k', machineId: 'm' },
    );
    const results = writer.commitAll([event(), bad, event()]);
    expect(codes(results)).toEqual(['ok', 'TOKEN_UNKNOWN', 'ok']);
    expect(results.map((r) => (r.ok ? r.committed.revision : 0))).toEqual([1, 0, 2]);
  });

  test('on a full disk is refused whole, and works again when there is room', () => {
    const { db, writer } = aWriter();
    const pages = db.raw.pragma('page_count', { simple: true }) as number; // one number
    db.raw.pragma(`max_page_count = ${pages + 20}`);
    expect(codes(writer.commitAll([event(), big('mch_a'), event()]))).toEqual([
      'STORE_FULL',
      'STORE_FULL',
      'STORE_FULL',
    ]);
    expect(writer.failed).toBeUndefined();
    expect(codes(writer.commitAll([event()]))).toEqual(['ok']);
    db.raw.pragma('max_page_count = 1000000');
    const [again] = writer.commitAll([big('mch_a')]);
    expect(again?.ok).toBe(true);
    const revisions = db.all(builder.selectFrom('event').select('revision'));
    expect(revisions.map((r) => r.revision)).toEqual([1]);
  });

  test('whose fsync failed is never repeated: nothing is written any more', () => {
    const { db, writer } = aWriter();
    const exec = db.raw.exec.bind(db.raw);
    db.raw.exec = (sql: string) => {
      if (sql === 'COMMIT') throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_FSYNC' });
      return exec(sql);
    };
    expect(codes(writer.commitAll([event(), event()]))).toEqual(['STORE_FAILED', 'STORE_FAILED']);
    db.raw.exec = exec;
    expect(writer.failed?.retry).toBe('never');
    expect(codes(writer.commitAll([event()]))).toEqual(['STORE_FAILED']);
  });

  test('of a writer whose epoch was taken over writes nothing', () => {
    const { db, writer } = aWriter();
    db.run(builder.updateTable('instance').set((eb) => ({ epoch: eb('epoch', '+', 1) })));
    expect(codes(writer.commitAll([event()]))).toEqual(['STORE_TAKEN_OVER']);
    expect(db.all(builder.selectFrom('event').selectAll())).toEqual([]);
  });
});

test('what waits for the disk is bounded', () => {
  const { writer } = aWriter();
  const refused: string[] = [];
  const group = new GroupCommit(writer, (replies) => {
    for (const { result } of replies) if (!result.ok) refused.push(result.error.code);
  });
  for (let i = 0; i <= pendingMax; i++) group.add(i, event());
  expect(refused).toEqual(['STORE_BUSY']);
  group.flush();
  expect(refused).toEqual(['STORE_BUSY']);
  expect(writer.failed).not.toBeInstanceOf(FlotillaError);
});
