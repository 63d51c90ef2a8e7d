import { expect, test } from 'vitest';
import { aSeat } from '../testing/records.js';
import { quorumProblem } from './quorum.js';

const seats = (text: string) =>
  text.split(' ').map((word, i) => {
    const [name = '', ...marks] = word.split('-');
    return aSeat(`nod_${name}`, {
      running: !marks.includes('down') && !marks.includes('new'),
      joined: !marks.includes('new'),
      removing: marks.includes('goes'),
      claimedAtMs: i,
    });
  });

test.each([
  ['a b c', 'a', undefined],
  ['a b-down c', 'b', undefined],
  ['a b-down c', 'a', 'without a the control plane would have 1 of 2 members running and needs 2'],
  ['a b c d-down e', 'a', undefined],
  ['a b c-down d-down e', 'a', 'without a the control plane would have 2 of 4 members running and needs 3'],
  ['a b', 'a', undefined],
  ['a', 'a', 'a is the only member of the control plane that has joined'],
  ['a b-new c-new', 'a', 'a is the only member of the control plane that has joined'],
  ['a b-new c', 'b', undefined],
  ['a b-goes c d', 'a', 'b leaves the control plane first: one at a time'],
  ['a-goes b-goes c d e', 'a', undefined],
  ['a-goes b-goes c d e', 'b', 'a leaves the control plane first: one at a time'],
])('of %s: may %s leave', (text, name, problem) => {
  expect(quorumProblem(seats(text), `nod_${name}`)).toBe(problem);
});
