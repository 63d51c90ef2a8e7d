import { describe, expect, it } from 'vitest';
import { ticketKeys, untilNextKeyMs } from './tickets.js';

const dayMs = 86_400_000;

describe('ticket keys', () => {
  it('are the same within a day, and others the next day and with another secret', () => {
    const secret = Buffer.alloc(32, 1);
    const key = ticketKeys(secret, 5 * dayMs);
    expect(key).toHaveLength(48);
    expect(ticketKeys(secret, 5 * dayMs + 80_000_000)).toEqual(key);
    expect(ticketKeys(secret, 6 * dayMs)).not.toEqual(key);
    expect(ticketKeys(Buffer.alloc(32, 2), 5 * dayMs)).not.toEqual(key);
  });

  it('change at midnight', () => {
    expect(untilNextKeyMs(5 * dayMs + 1000)).toBe(dayMs - 1000);
  });
});
