import { describe, expect, it } from 'vitest';
import { Rounds } from './rounds.js';

/** How often each was named in so many seconds. */
function countsIn(seconds: number, size: number): { counts: number[]; most: number } {
  const rounds = new Rounds();
  const ids = Array.from({ length: size }, (_, i) => `m${i}`);
  const counts = new Map(ids.map((id) => [id, 0]));
  let most = 0;
  for (let second = 0; second < seconds; second++) {
    const named = rounds.next(second * 1000, () => ids);
    most = Math.max(most, named.length);
    for (const id of named) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return { counts: [...counts.values()], most };
}

describe('rounds', () => {
  it.each([1, 5, 59, 60, 61, 3000])('name each of %i machines once a minute, however few they are', (size) => {
    const { counts, most } = countsIn(600, size);
    expect(new Set(counts)).toEqual(new Set([10]));
    expect(most).toBeLessThanOrEqual(Math.ceil(size / 60));
  });

  it('never name more than 500 at once; a large fleet takes longer', () => {
    const { counts, most } = countsIn(601, 50_000);
    expect(most).toBe(500);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(6);
  });
});
