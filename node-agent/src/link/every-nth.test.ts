import { expect, it } from 'vitest';
import { everyNth } from './every-nth.js';

it('acts at each nth call and at no other', () => {
  const acted: number[] = [];
  let call = 0;
  const tick = everyNth(3, () => acted.push(call));
  for (call = 1; call <= 7; call++) tick();
  expect(acted).toEqual([3, 6]);
});
