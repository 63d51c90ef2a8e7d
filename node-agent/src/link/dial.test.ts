import { generateKeyPairSync } from 'node:crypto';
import { SimClock, seededRandom, silentLogger } from '@flotilla/kit';
import { MachineFacts, ObservedState, Reconnect, Welcome } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { keepDialling, type LinkView } from './dial.js';
import { FakeStream, FakeTransport } from './fake-stream.js';

function setUp(make: (index: number) => FakeStream | Error, seed = 3) {
  const clock = new SimClock();
  const transport = new FakeTransport(make, () => clock.now().monotonicMs);
  const views: LinkView[] = [];
  const stop = new AbortController();
  const running = keepDialling(
    {
      transport,
      clock,
      random: seededRandom(seed),
      log: silentLogger,
      onLink: (view) => views.push(view),
      session: {
        clock,
        random: seededRandom(seed),
        log: silentLogger,
        work: {
          accept: () => Promise.resolve('same'),
          acceptUnsaved: () => Promise.resolve(),
          acknowledged: () => ({ epoch: 0n, generation: 0n }),
          observe: () => Promise.resolve(ObservedState.create({})),
          onChange: () => () => undefined,
          retire: () => Promise.resolve(),
        },
        identityKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
        agentVersion: '0.1.0',
        processId: 'p',
        bootId: 'b',
        highestEpoch: () => 0n,
        raiseEpoch: () => Promise.resolve(),
        vitals: () =>
          Promise.resolve({ load1m: 0, cpuBusyRatio: 0, memoryAvailableBytes: 0, diskFreeBytes: 0, uptimeSeconds: 0 }),
        probes: () => [],
        inventory: () => Promise.resolve(MachineFacts.create({})),
        onWelcome: () => undefined,
        onAck: () => undefined,
      },
    },
    stop.signal,
  );
  return { clock, transport, views, stop, running };
}

describe('dialling', () => {
  it('fault 48: backs off with full jitter, up to a minute, and says why it waits', async () => {
    const { clock, transport, views, stop, running } = setUp(() => new Error('ECONNREFUSED'));
    await clock.advance(3_600_000);
    const gaps = transport.opened.slice(1).map((at, index) => at - (transport.opened[index] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(60_000);
    expect(gaps.length).toBeGreaterThan(60);
    expect(new Set(gaps.map(Math.round)).size).toBeGreaterThan(gaps.length / 2);
    expect(views.at(-1)).toMatchObject({ state: 'waiting', reason: 'INTERNAL: ECONNREFUSED' });
    stop.abort(new Error('stop'));
    await running;
  });

  it('two agents that lost the server together do not come back together', async () => {
    const first = setUp(() => new Error('no'), 1);
    const second = setUp(() => new Error('no'), 2);
    await first.clock.advance(60_000);
    await second.clock.advance(60_000);
    const both = first.transport.opened
      .slice(1)
      .filter((at) => second.transport.opened.slice(1).some((other) => Math.abs(other - at) < 5));
    expect(both.length).toBeLessThan(2);
    first.stop.abort(new Error('stop'));
    second.stop.abort(new Error('stop'));
  });

  it('comes back after the time the server gave, spread a little', async () => {
    const { clock, transport, stop } = setUp(
      () =>
        new FakeStream((message, self) => {
          if (message.$case !== 'hello') return;
          self.say({ $case: 'welcome', value: Welcome.create({ heartbeatInterval: { seconds: 5n, nanos: 0 } }) });
          self.say({ $case: 'reconnect', value: Reconnect.create({ after: { seconds: 30n, nanos: 0 } }) });
        }),
    );
    await clock.advance(100_000);
    const [first = 0, second = 0] = transport.opened;
    expect(second - first).toBeGreaterThanOrEqual(30_000);
    expect(second - first).toBeLessThanOrEqual(36_001);
    stop.abort(new Error('stop'));
  });
});
