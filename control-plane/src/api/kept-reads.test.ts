import type { CommitNotice, Touched } from '@flotilla/core';
import { expect, it } from 'vitest';
import { KeptReads } from './kept-reads.js';

function setUp() {
  const stored = new Map<string, number>();
  let listener: (notice: CommitNotice) => void = () => undefined;
  let reads = 0;
  const store = {
    onCommit: (given: typeof listener) => {
      listener = given;
      return () => undefined;
    },
  };
  const kept = new KeptReads(
    store,
    async (id) => {
      reads += 1;
      return stored.get(id);
    },
    ({ kind, id }) => (kind === 'target' ? { id } : kind === 'repair' ? 'all' : undefined),
  );
  const write = (kind: Touched['kind'], id: string, value: number): void => {
    stored.set(id, value);
    listener({ revision: 1, touched: [{ kind, id }], kinds: [] });
  };
  return { kept, write, reads: () => reads };
}

it('reads once, also what is not there, and again after a commit that touches it', async () => {
  const { kept, write, reads } = setUp();
  expect([await kept.of('a'), await kept.of('a'), reads()]).toEqual([undefined, undefined, 1]);
  write('machine', 'a', 2);
  expect([await kept.of('a'), reads()]).toEqual([undefined, 1]);
  write('target', 'a', 3);
  expect([await kept.of('a'), await kept.of('a'), reads()]).toEqual([3, 3, 2]);
});

it('forgets everything when nobody can say whose a change is', async () => {
  const { kept, write, reads } = setUp();
  await kept.of('a');
  write('repair', 'rep_1', 1);
  await kept.of('a');
  expect(reads()).toBe(2);
});

it('keeps nothing that was read while it was written', async () => {
  const { kept, write } = setUp();
  const reading = kept.of('a');
  write('target', 'a', 4);
  await reading;
  write('target', 'a', 5);
  expect(await kept.of('a')).toBe(5);
});
