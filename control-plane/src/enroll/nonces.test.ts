import { SimClock, systemRandom } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { Nonces } from './nonces.js';

function setUp(countMax = 10) {
  const clock = new SimClock();
  return { clock, nonces: new Nonces({ clock, random: systemRandom, countMax }) };
}

describe('nonces', () => {
  it('can be taken once, by whom they were given to', () => {
    const { nonces } = setUp();
    const nonce = nonces.issue('a');
    expect(nonce).toHaveLength(32);
    expect(nonces.take(nonce, 'a')).toBe(true);
    expect(nonces.take(nonce, 'a')).toBe(false);
  });

  it('are used up by a wrong attempt too', () => {
    const { nonces } = setUp();
    const nonce = nonces.issue('a');
    expect(nonces.take(nonce, 'b')).toBe(false);
    expect(nonces.take(nonce, 'a')).toBe(false);
  });

  it('live 60 s', async () => {
    const { clock, nonces } = setUp();
    const [early, late] = [nonces.issue('a'), nonces.issue('a')];
    await clock.advance(59_999);
    expect(nonces.take(early, 'a')).toBe(true);
    await clock.advance(1);
    expect(nonces.take(late, 'a')).toBe(false);
  });

  it('are bounded, and make room by expiring', async () => {
    const { clock, nonces } = setUp(2);
    nonces.issue('a');
    nonces.issue('a');
    expect(() => nonces.issue('a')).toThrow(expect.objectContaining({ code: 'ENROLL_BUSY', kind: 'exhausted' }));
    await clock.advance(60_001);
    nonces.issue('a');
    expect(nonces.size).toBe(1);
  });
});
