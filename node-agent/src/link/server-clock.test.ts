import { SimClock } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { ServerClock } from './server-clock.js';

describe('the clock of the server', () => {
  it('fault 13: a local clock that is set between two sessions is seen at once, whichever way', async () => {
    const clock = new SimClock();
    const server = new ServerClock(clock);
    expect(server.skewMs).toBeUndefined();
    server.heard(clock.now().wallMs, clock.now());
    await clock.advance(86_400_000);
    expect(server.skewMs).toBe(0);
    clock.stepWall(-365 * 86_400_000);
    expect(server.skewMs).toBe(-365 * 86_400_000);
    clock.stepWall(365 * 86_400_000 + 3_600_000);
    expect(server.skewMs).toBe(3_600_000);
  });
});
