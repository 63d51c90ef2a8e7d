import { SimClock } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { Admission } from './admission.js';

function setUp(over: Partial<ConstructorParameters<typeof Admission<number>>[0]> = {}) {
  const clock = new SimClock();
  const admitted: number[] = [];
  const admission = new Admission<number>({ clock, perSecond: 10, burst: 2, waitingMax: 3, ...over }, (item) =>
    admitted.push(item),
  );
  const stop = new AbortController();
  return { clock, admitted, admission, stop };
}

describe('admission', () => {
  it('lets a burst in, then one after the other at the rate, in order', async () => {
    const { clock, admitted, admission, stop } = setUp();
    for (const item of [1, 2, 3, 4]) expect(admission.offer(item, stop.signal)).toBe(true);
    expect(admitted).toEqual([1, 2]);
    await clock.waitForSleepers(1);
    await clock.advance(100);
    expect(admitted).toEqual([1, 2, 3]);
    await clock.advance(100);
    expect(admitted).toEqual([1, 2, 3, 4]);
  });

  it('refuses who comes when the line is full, and nobody overtakes it', async () => {
    const { clock, admitted, admission, stop } = setUp();
    expect([1, 2, 3, 4, 5, 6].map((item) => admission.offer(item, stop.signal))).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
    ]);
    await clock.waitForSleepers(1);
    await clock.advance(150);
    admission.offer(7, stop.signal);
    await clock.advance(1000);
    expect(admitted).toEqual([1, 2, 3, 4, 5, 7]);
  });

  it('stops letting in when it is stopped', async () => {
    const { clock, admitted, admission, stop } = setUp();
    for (const item of [1, 2, 3]) admission.offer(item, stop.signal);
    await clock.waitForSleepers(1);
    stop.abort(new Error('over'));
    await clock.advance(1000);
    expect(admitted).toEqual([1, 2]);
  });
});
