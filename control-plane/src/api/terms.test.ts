import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromMs, toMs } from './duration.js';
import { durationViolations, locationViolations, parseDrain, parsePause, textViolations } from './terms.js';

const call = { nowMs: 1000, actor: 'api-key:a' };

describe('texts for people', () => {
  it('are one line of limited length that moves no terminal', () => {
    expect(textViolations('reason', 'Lüftung defekt, 3. Reihe 🔥', 256)).toEqual([]);
    expect(textViolations('reason', '🔥'.repeat(256), 256)).toEqual([]);
    expect(textViolations('reason', 'x'.repeat(257), 256)).toEqual([
      { field: 'reason', description: 'must have at most 256 characters (has 257)' },
    ]);
    for (const bad of ['a\nb', 'a\u001b[2J', '\u0000', '\u202egnp.exe', '\ufeff', 'a\u2028b']) {
      expect(textViolations('reason', bad, 256), JSON.stringify(bad)).toHaveLength(1);
    }
  });
});

describe('durations', () => {
  it('go there and back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 45 }), (ms) => {
        expect(toMs(fromMs(ms), 'x')).toBe(ms);
      }),
    );
  });

  it('that are none are refused by field, whatever they say', () => {
    const seconds = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    const nanos = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(seconds, nanos, (s, n) => {
        let ms: number | undefined;
        try {
          ms = toMs({ seconds: s, nanos: n }, 'ttl');
        } catch (error) {
          expect(error).toMatchObject({ violations: [{ field: 'ttl', description: 'is no duration' }] });
          return;
        }
        expect(Number.isFinite(ms)).toBe(true);
      }),
    );
  });

  it('say which they may be', () => {
    expect(durationViolations('ttl', undefined, 0, 1)).toEqual([]);
    expect(durationViolations('ttl', 30_000, 60_000, 3_600_000)).toEqual([
      { field: 'ttl', description: 'must be 60s to 60m (is 30 seconds)' },
    ]);
  });
});

describe('a pause', () => {
  it('is two hours unless told, a minute to a week', () => {
    expect(parsePause({ duration: undefined, reason: 'r' }, call)).toEqual({
      untilMs: 1000 + 7_200_000,
      reason: 'r',
      by: 'api-key:a',
    });
    fc.assert(
      fc.property(fc.integer({ min: -10, max: 10 * 86_400 }), (seconds) => {
        const ask = () => parsePause({ duration: { seconds: BigInt(seconds), nanos: 0 }, reason: '' }, call);
        if (seconds >= 60 && seconds <= 7 * 86_400) expect(ask().untilMs).toBe(1000 + seconds * 1000);
        else expect(ask).toThrow(/^duration must be/);
      }),
    );
  });
});

describe('a drain', () => {
  it('has the time of its pool and no force unless told', () => {
    expect(parseDrain(undefined)).toEqual({ timeoutMs: undefined, force: false });
    expect(parseDrain({ timeout: { seconds: 0n, nanos: 0 }, force: true })).toEqual({ timeoutMs: 0, force: true });
    expect(() => parseDrain({ timeout: { seconds: 8n * 86_400n, nanos: 0 }, force: false })).toThrow(/^drain.timeout/);
  });
});

describe('a location', () => {
  it('is made of names as providers write them', () => {
    expect(locationViolations('location', undefined)).toEqual([]);
    expect(locationViolations('location', { provider: 'aws', region: 'eu-west-1', zone: '' })).toEqual([]);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (zone) => {
        const fields = locationViolations('at', { provider: '', region: '', zone }).map(({ field }) => field);
        expect(fields).toEqual(/^[A-Za-z0-9._-]{0,63}$/.test(zone) ? [] : ['at.zone']);
      }),
    );
  });
});
