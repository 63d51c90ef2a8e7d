import type { CommitNotice, Store } from '@flotilla/core';
import { expect, it } from 'vitest';
import { TargetGenerations } from './target-generations.js';

function setUp() {
  const stored = new Map<string, number>();
  let listener: (notice: CommitNotice) => void = () => undefined;
  let reads = 0;
  const store = {
    onCommit: (given: typeof listener) => {
      listener = given;
      return () => undefined;
    },
    read: {
      target: async (id: string) => {
        reads += 1;
        const generation = stored.get(id);
        return generation === undefined ? undefined : { generation };
      },
    },
  } as unknown as Store; // what the cache looks at
  const write = (id: string, generation: number): void => {
    stored.set(id, generation);
    listener({ revision: 1, touched: [{ kind: 'target', id }], kinds: ['target.write'] });
  };
  return { generations: new TargetGenerations(store), write, reads: () => reads };
}

it('reads a target once, and again after it was written', async () => {
  const { generations, write, reads } = setUp();
  expect([await generations.of('a'), await generations.of('a'), reads()]).toEqual([0, 0, 1]);
  write('a', 3);
  expect([await generations.of('a'), await generations.of('a'), reads()]).toEqual([3, 3, 2]);
});

it('keeps nothing that was read while it was written', async () => {
  const { generations, write } = setUp();
  const reading = generations.of('a');
  write('a', 4);
  await reading;
  write('a', 5);
  expect(await generations.of('a')).toBe(5);
});
