import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { SimClock, seededRandom, silentLogger, FlotillaError } from '@flotilla/kit';
import {
  Challenge,
  ConditionStatus,
  HeartbeatAck,
  MachineFacts,
  MachineTarget,
  ObservedState,
  Probe,
  Reconnect,
  Refusal,
  RefusalReason,
  Welcome,
} from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import type { WorkPort } from '../work/port.js';
import { FakeStream } from './fake-stream.js';
import { Session, type SessionPorts } from './session.js';
import { containing } from '../fake-match.js';

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });

function setUp(more: Partial<SessionPorts> = {}, welcome: Partial<Welcome> = {}) {
  const clock = new SimClock();
  const accepted: MachineTarget[] = [];
  const state = {
    epoch: 5n,
    retired: 0,
    probes: [Probe.create({ type: 'DiskPressure', status: ConditionStatus.FALSE, reason: 'EnoughFree' })],
    acks: true,
    welcomed: true,
  };
  const listeners = new Set<(transition: boolean) => void>();
  const work: WorkPort = {
    accept: (target) => Promise.resolve(accepted.push(target)).then(() => 'newer' as const),
    acceptUnsaved: () => Promise.resolve(),
    acknowledged: () => ({ epoch: 5n, generation: BigInt(accepted.length) }),
    observe: () => Promise.resolve(ObservedState.create({ acknowledgedGeneration: BigInt(accepted.length) })),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    retire: () => Promise.resolve(void state.retired++),
  };
  const stream = new FakeStream((message, self) => {
    if (message.$case === 'hello' && state.welcomed) {
      self.say({
        $case: 'welcome',
        value: Welcome.create({ serverEpoch: 5n, heartbeatInterval: { seconds: 5n, nanos: 0 }, ...welcome }),
      });
    }
    if (message.$case === 'heartbeat' && state.acks)
      self.say({ $case: 'ack', value: HeartbeatAck.create({ sequence: message.value.sequence }) });
  });
  const session = new Session(stream, {
    clock,
    random: seededRandom(1),
    log: silentLogger,
    work,
    identityKey: keys.privateKey,
    agentVersion: '0.1.0',
    processId: 'p1',
    bootId: 'boot-1',
    highestEpoch: () => state.epoch,
    raiseEpoch: (epoch) => Promise.resolve(void (state.epoch = epoch)),
    vitals: () =>
      Promise.resolve({ load1m: 1, cpuBusyRatio: 0.5, memoryAvailableBytes: 1, diskFreeBytes: 1, uptimeSeconds: 1 }),
    probes: () => state.probes,
    inventory: () => Promise.resolve(MachineFacts.create({ hostname: 'edge-7' })),
    onWelcome: () => undefined,
    onAck: () => undefined,
    ...more,
  });
  const stop = new AbortController();
  const ended = session.run(stop.signal);
  const beats = () => stream.sent.flatMap((message) => (message.$case === 'heartbeat' ? [message.value] : []));
  const changed = (transition: boolean): void => listeners.forEach((listener) => listener(transition));
  return { clock, stream, ended, stop, state, accepted, beats, changed };
}

describe('a session', () => {
  it('says hello first, then beats at the interval the server gives, within a tenth', async () => {
    const { clock, stream, beats, stop, ended } = setUp();
    await clock.advance(50_500);
    expect(stream.kinds()[0]).toBe('hello');
    expect(beats().length).toBeGreaterThanOrEqual(10);
    expect(beats().length).toBeLessThanOrEqual(12);
    expect(beats().map(({ sequence }) => sequence)).toEqual(beats().map((_, index) => BigInt(index + 1)));
    stop.abort(new Error('stop'));
    expect(await ended).toMatchObject({ reason: 'stopping', welcomed: true });
    expect(stream.kinds().at(-1)).toBe('goodbye');
    expect(stream.destroyed).toBe(true);
  });

  it('sends every probe once, then only what changed', async () => {
    const { clock, state, beats, stop } = setUp();
    await clock.advance(6_000);
    state.probes = [Probe.create({ type: 'DiskPressure', status: ConditionStatus.TRUE, reason: 'LittleFree' })];
    await clock.advance(12_000);
    expect(beats().map(({ probes }) => probes.map(({ reason }) => reason))).toEqual([
      ['EnoughFree'],
      [],
      ['LittleFree'],
      [],
    ]);
    stop.abort(new Error('stop'));
  });

  it('fault 26, fault 28: ends by itself after three silent intervals', async () => {
    const { clock, state, stream, ended } = setUp();
    await clock.advance(1_000);
    state.acks = false;
    await clock.advance(20_000);
    expect(await ended).toMatchObject({ reason: containing('silent'), welcomed: true });
    expect(stream.destroyed).toBe(true);
    expect(clock.now().monotonicMs).toBe(21_000);
  });

  it('does not wait for ever for a welcome', async () => {
    const { clock, state, ended } = setUp();
    state.welcomed = false;
    await clock.advance(21_000);
    expect(await ended).toMatchObject({ welcomed: false });
  });

  it('reports transitions at once, progress at most once a second', async () => {
    const { clock, stream, changed, stop } = setUp();
    await clock.advance(100);
    const reports = () => stream.kinds().filter((kind) => kind === 'report').length;
    changed(true);
    changed(true);
    await clock.advance(1);
    expect(reports()).toBeLessThanOrEqual(2);
    const before = reports();
    for (let index = 0; index < 10; index++) {
      changed(false);
      await clock.advance(90);
    }
    expect(reports() - before).toBe(0);
    await clock.advance(200);
    changed(false);
    await clock.advance(1);
    expect(reports() - before).toBe(1);
    stop.abort(new Error('stop'));
  });

  it('fault 47: a server of an older epoch is not obeyed', async () => {
    const { clock, ended, accepted } = setUp({}, { serverEpoch: 4n });
    await clock.advance(100);
    expect(await ended).toMatchObject({ reason: containing('older'), retryAfterMs: 60_000 });
    expect(accepted).toEqual([]);
  });

  it('fault 22, fault 51: a target of an older epoch is refused, a newer one raises the epoch and is reported', async () => {
    const { clock, stream, accepted, state, stop } = setUp();
    await clock.advance(100);
    stream.say({
      $case: 'target',
      value: { target: MachineTarget.create({ epoch: 4n, generation: 9n }), secrets: undefined },
    });
    await clock.advance(100);
    expect(accepted).toEqual([]);
    stream.say({
      $case: 'target',
      value: { target: MachineTarget.create({ epoch: 6n, generation: 1n }), secrets: undefined },
    });
    await clock.advance(100);
    expect(accepted).toHaveLength(1);
    expect(state.epoch).toBe(6n);
    expect(stream.kinds()).toContain('report');
    stop.abort(new Error('stop'));
  });

  it('a target that cannot be carried out does not end the session', async () => {
    const broken = setUp();
    await broken.clock.advance(100);
    broken.stop.abort(new Error('stop'));
    const work: WorkPort = {
      accept: () => Promise.reject(new FlotillaError('TARGET_INVALID', 'wrong')),
      acceptUnsaved: () => Promise.resolve(),
      acknowledged: () => ({ epoch: 0n, generation: 0n }),
      observe: () => Promise.resolve(ObservedState.create({})),
      onChange: () => () => undefined,
      retire: () => Promise.resolve(),
    };
    const { clock, stream, beats, stop } = setUp({ work });
    await clock.advance(100);
    stream.say({
      $case: 'target',
      value: { target: MachineTarget.create({ epoch: 5n, generation: 1n }), secrets: undefined },
    });
    await clock.advance(20_000);
    expect(beats().length).toBeGreaterThan(2);
    stop.abort(new Error('stop'));
  });

  it('answers a challenge with the identity key', async () => {
    const { clock, stream, stop } = setUp();
    await clock.advance(100);
    const nonce = Buffer.from('a nonce');
    stream.say({ $case: 'challenge', value: Challenge.create({ nonce }) });
    await clock.advance(100);
    const answer = stream.sent.find(({ $case }) => $case === 'challengeAnswer');
    if (answer?.$case !== 'challengeAnswer') throw new Error('no answer');
    const statement = Buffer.concat([Buffer.from('flotilla-challenge-v1\0'), nonce]);
    expect(
      verify(
        'sha256',
        statement,
        createPublicKey(keys.publicKey.export({ type: 'spki', format: 'pem' })),
        answer.value.signature,
      ),
    ).toBe(true);
    stop.abort(new Error('stop'));
  });

  it('comes back when the server says so', async () => {
    const { clock, stream, ended } = setUp();
    await clock.advance(100);
    stream.say({ $case: 'reconnect', value: Reconnect.create({ after: { seconds: 7n, nanos: 0 }, reason: 'moving' }) });
    await clock.advance(100);
    expect(await ended).toMatchObject({ reason: 'moving', retryAfterMs: 7_000 });
  });

  it('fault 75: a refusal that lets it leave makes the machine leave; another one does not', async () => {
    for (const [mayLeave, retired] of [
      [true, 1],
      [false, 0],
    ] as const) {
      const { clock, stream, ended, state } = setUp();
      await clock.advance(100);
      const refusal = Refusal.create({
        reason: RefusalReason.RETIRED,
        message: 'this machine was removed',
        mayLeave,
        retryAfter: { seconds: 90n, nanos: 0 },
      });
      stream.say({ $case: 'refusal', value: refusal });
      await clock.advance(100);
      expect(await ended).toMatchObject({ reason: 'this machine was removed', retryAfterMs: 90_000 });
      expect(state.retired).toBe(retired);
    }
  });

  it('a stream that breaks ends the session with its reason', async () => {
    const { clock, stream, ended } = setUp();
    await clock.advance(100);
    stream.end(new FlotillaError('SERVER_UNREACHABLE', 'https://cp:7440: reset'));
    await clock.advance(100);
    expect(await ended).toMatchObject({ reason: 'https://cp:7440: reset' });
  });
});
