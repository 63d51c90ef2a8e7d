import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quorumProblem } from './quorum.js';

describe('quorum', () => {
  it.each([
    [1, 0, 'it is the only member'],
    [3, 2, undefined],
    [3, 1, 'of the 2 others 1 run, and 2 are needed'],
    [5, 3, undefined],
    [5, 2, 'of the 4 others 2 run, and 3 are needed'],
    // A second one: two members, one leaves, one stays.
    [2, 1, undefined],
    [2, 0, 'of the 1 others 0 run, and 1 are needed'],
  ])('of %i members with %i others running: %s', (members, othersRunning, problem) => {
    expect(quorumProblem({ members, othersRunning })).toBe(problem);
  });

  it('holds after whatever is allowed: those that run are a majority of those left', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.nat(8), (members, othersRunning) => {
        fc.pre(othersRunning < members);
        if (quorumProblem({ members, othersRunning }) === undefined) {
          expect(othersRunning * 2).toBeGreaterThan(members - 1);
        }
      }),
    );
  });
});
