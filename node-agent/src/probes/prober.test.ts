import { silentLogger, SimClock } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { aProbeWorld } from './fake-probe-context.js';
import { isFalse, isTrue, type Finding, type HostProbe } from './probe.js';
import { Prober } from './prober.js';
import { allProbes } from './registry.js';

interface Asked {
  readonly probe: HostProbe;
  readonly times: number[];
  answer: () => Promise<Finding | undefined>;
}

function aProbe(clock: SimClock, type: string, everyMs: number): Asked {
  const times: number[] = [];
  const asked: Asked = {
    times,
    answer: () => Promise.resolve(isTrue('Good', '')),
    probe: {
      type,
      everyMs,
      deadlineMs: 3_000,
      read: () => {
        times.push(clock.now().monotonicMs);
        return asked.answer();
      },
    },
  };
  return asked;
}

function aProber(clock: SimClock, probes: readonly HostProbe[]) {
  const node = { name: 'edge-7' as string | undefined };
  const changes: string[] = [];
  const { context } = aProbeWorld();
  const prober = new Prober({
    clock,
    log: silentLogger,
    probes,
    context: () => context({ clock, nodeName: node.name }),
    onChange: (type) => changes.push(type),
  });
  const stop = new AbortController();
  const running = prober.run(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort(new Error('stop'));
    await running;
  };
  const said = () => Object.fromEntries(prober.current().map(({ type, reason }) => [type, reason]));
  return { prober, node, changes, said, end };
}

describe('asking probes', () => {
  it('each in its own rhythm', async () => {
    const clock = new SimClock();
    const [often, seldom] = [aProbe(clock, 'Often', 5_000), aProbe(clock, 'Seldom', 30_000)];
    const { end, said } = aProber(clock, [often.probe, seldom.probe]);
    await clock.advance(60_000);
    expect([often.times.length, seldom.times]).toEqual([13, [0, 30_000, 60_000]]);
    expect(said()).toEqual({ Often: 'Good', Seldom: 'Good' });
    await end();
  });

  it('one that hangs is unknown after its deadline, is not asked again, and holds up no other', async () => {
    const clock = new SimClock();
    const [hangs, works] = [aProbe(clock, 'Hangs', 5_000), aProbe(clock, 'Works', 5_000)];
    let finish: (finding: Finding) => void = () => undefined;
    hangs.answer = () => new Promise((resolve) => (finish = resolve));
    const { end, said } = aProber(clock, [hangs.probe, works.probe]);
    await clock.advance(2_000);
    expect(said()).toEqual({ Works: 'Good' });
    await clock.advance(60_000);
    expect(said()).toEqual({ Hangs: 'ProbeTimeout', Works: 'Good' });
    expect([hangs.times.length, works.times.length]).toEqual([1, 13]);
    // Late, but it works: that is what counts now.
    finish(isFalse('Fine', ''));
    await clock.advance(1);
    expect(said()).toMatchObject({ Hangs: 'Fine' });
    hangs.answer = () => Promise.resolve(isTrue('Good', ''));
    await clock.advance(5_000);
    expect(said()).toMatchObject({ Hangs: 'Good' });
    await end();
  });

  it('one that breaks is unknown with its reason, and asked again', async () => {
    const clock = new SimClock();
    const breaks = aProbe(clock, 'Breaks', 5_000);
    breaks.answer = () => Promise.reject(new Error('no such device'));
    const { prober, end } = aProber(clock, [breaks.probe]);
    await clock.advance(10_000);
    expect(prober.current()).toMatchObject([{ reason: 'ProbeFailed', message: 'no such device' }]);
    expect(breaks.times).toHaveLength(3);
    await end();
  });

  it('joining and leaving ask everything anew; what no longer applies is taken back', async () => {
    const clock = new SimClock();
    const seldom = aProbe(clock, 'Seldom', 300_000);
    const { node, said, changes, end } = aProber(clock, [seldom.probe]);
    await clock.advance(10_000);
    node.name = undefined;
    seldom.answer = () => Promise.resolve(undefined);
    await clock.advance(5_000);
    expect(said()).toEqual({ Seldom: 'NotApplicable' });
    expect(changes).toEqual(['Seldom', 'Seldom']);
    await end();
  });

  it('no two probes have the same name, and each rhythm is whole steps', () => {
    const all = allProbes();
    expect(new Set(all.map(({ type }) => type)).size).toBe(15);
    expect(all.filter(({ everyMs, deadlineMs }) => everyMs % 5_000 !== 0 || deadlineMs >= everyMs)).toEqual([]);
  });
});
