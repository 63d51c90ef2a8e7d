import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '@flotilla/kit';
import { adaptiveDeadlineMs, arrivalsKept, missedBeatsCap } from './deadline.js';

const intervalMs = 5_000;

/** Arrival times of `count` beats, each delayed by what `delay` says; TCP keeps the order. */
function arrivals(count: number, delay: (i: number) => number): number[] {
  let latest = 0;
  return Array.from({ length: count }, (_, i) => (latest = Math.max(latest, i * intervalMs + delay(i))));
}

describe('adaptive deadline', () => {
  test('fault 26: on a clean link silence is judged after three intervals', () => {
    const random = seededRandom(1);
    const clean = arrivals(30, () => random.fraction() * 50);
    expect(adaptiveDeadlineMs(clean, intervalMs)).toBe(15_000);
  });

  test('fault 29: loss and jitter widen the deadline, never beyond its cap', () => {
    const random = seededRandom(2);
    // 30 % of the segments are lost once or more; each loss costs a doubled timeout.
    const lossy = arrivals(60, () => {
      let delayMs = 300 + random.fraction() * 400;
      for (let timeoutMs = 1_000; random.fraction() < 0.3; timeoutMs *= 2) delayMs += timeoutMs;
      return delayMs;
    });
    let longestMs = 0;
    for (let i = 25; i < lossy.length; i++) {
      const deadlineMs = adaptiveDeadlineMs(lossy.slice(0, i), intervalMs);
      const gapMs = (lossy[i] ?? 0) - (lossy[i - 1] ?? 0);
      longestMs = Math.max(longestMs, deadlineMs);
      expect(gapMs, `beat ${i} would have been a flap`).toBeLessThan(deadlineMs);
    }
    expect(longestMs).toBeGreaterThan(15_000);
    expect(longestMs).toBeLessThanOrEqual(missedBeatsCap * intervalMs);
  });

  test('an outage is no habit of the link', () => {
    const before = arrivals(10, () => 0);
    const after = before.map((atMs) => atMs + 45_000 + 90_000);
    expect(adaptiveDeadlineMs([...before, ...after], intervalMs)).toBe(15_000);
  });

  test('few arrivals prove nothing', () => {
    expect(adaptiveDeadlineMs([], intervalMs)).toBe(15_000);
    expect(adaptiveDeadlineMs([0, 20_000, 20_001, 40_000], intervalMs)).toBe(15_000);
  });

  test('always between three and eight intervals, and only the newest arrivals count', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 120_000 }), { maxLength: 60 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1_000, max: 30_000 }), (list, interval) => {
        let atMs = 0;
        const times = list.map((gapMs) => (atMs += gapMs));
        const deadlineMs = adaptiveDeadlineMs(times, interval);
        expect(deadlineMs).toBeGreaterThanOrEqual(3 * interval);
        expect(deadlineMs).toBeLessThanOrEqual(8 * interval);
        expect(adaptiveDeadlineMs(times.slice(-arrivalsKept), interval)).toBe(deadlineMs);
      }),
    );
  });
});
