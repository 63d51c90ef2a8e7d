import { SimClock } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { defaultRateLimits, Rates } from './rates.js';

function setUp(inFlightMax = 100) {
  const clock = new SimClock();
  const limits = { ...defaultRateLimits, read: { perSecond: 1, burst: 2, inFlightMax } };
  return { clock, rates: new Rates(clock, limits) };
}

describe('rates', () => {
  it('let a burst pass, then the rate, for each caller alone', async () => {
    const { clock, rates } = setUp();
    rates.begin('read', 'a');
    rates.begin('read', 'a');
    expect(() => rates.begin('read', 'a')).toThrow(expect.objectContaining({ code: 'RATE_LIMITED', retry: 'later' }));
    rates.begin('read', 'b');
    await clock.advance(1000);
    rates.begin('read', 'a');
    expect(() => rates.begin('read', 'a')).toThrow();
  });

  it('bound how many run at once, and count each end once', () => {
    const { rates } = setUp(1);
    const done = rates.begin('read', 'a');
    expect(() => rates.begin('read', 'b')).toThrow(expect.objectContaining({ code: 'SERVER_BUSY' }));
    done();
    done();
    rates.begin('read', 'c');
    expect(() => rates.begin('read', 'd')).toThrow(expect.objectContaining({ code: 'SERVER_BUSY' }));
  });

  it('make guessing slow', async () => {
    const { clock, rates } = setUp();
    const tries = Array.from({ length: 25 }, () => rates.guess('203.0.113.9'));
    expect(tries.filter(Boolean)).toHaveLength(20);
    await clock.advance(1000);
    expect(rates.guess('203.0.113.9')).toBe(true);
  });
});
