import { describe, expect, test } from 'vitest';
import { StallMeter } from './stall-meter.js';

function ticked(...times: number[]): StallMeter {
  const meter = new StallMeter(1_000, 0);
  for (const time of times) meter.tick(time);
  return meter;
}

describe('stall meter', () => {
  test('punctual ticks are no stall', () => {
    expect(ticked(1_000, 2_010, 3_300, 4_100).stalledMs(0, 5_000)).toBe(0);
  });

  test('fault 38: a pause of 60 s is counted, for those who were waited for at that time only', () => {
    const meter = ticked(1_000, 2_000, 63_000, 64_000);
    expect(meter.stalledMs(0, 64_000)).toBe(60_000);
    expect(meter.stalledMs(33_000, 64_000)).toBe(30_000);
    expect(meter.stalledMs(63_500, 64_000)).toBe(0);
  });

  test('a stall counts before a tick has told of it', () => {
    expect(ticked(1_000).stalledMs(0, 32_000)).toBe(30_000);
  });

  test('stalls add up, and no more are kept than a few', () => {
    const meter = new StallMeter(1_000, 0);
    for (let i = 1; i <= 100; i++) meter.tick(i * 3_000);
    expect(meter.stalledMs(0, 300_000)).toBe(64 * 2_000);
    expect(meter.stalledMs(294_000, 300_000)).toBe(4_000);
  });
});
