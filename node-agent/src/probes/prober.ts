import type { Clock, Logger } from '@flotilla/kit';
import { ConditionStatus, Probe } from '@flotilla/proto';
import { isUnknown, type Finding, type HostProbe, type ProbeContext } from './probe.js';

/** Everything is looked at in steps of this length; a probe runs in the first step after it is due. */
export const tickMs = 5_000;
const notApplicable = isUnknown('NotApplicable', 'it does not apply to this machine now');

interface Entry {
  readonly probe: HostProbe;
  dueMs: number;
  running: boolean;
  finding: Finding | undefined;
  /** Monotonic, when the probe that gave the finding began to look. */
  atMs: number;
}

export interface ProberPorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly probes: readonly HostProbe[];
  readonly context: () => Omit<ProbeContext, 'last'>;
  /** Called when a probe says something else than before. */
  readonly onChange?: (type: string) => void;
}

/**
 * Asks every probe in its own rhythm, each within its deadline, and keeps what it said last. Whoever reads the result
 * never waits: a probe that hangs costs its own answer and nothing else, and is not asked again while it hangs.
 */
export class Prober {
  readonly #entries: readonly Entry[];
  #nodeName: string | undefined;

  constructor(private readonly ports: ProberPorts) {
    this.#entries = ports.probes.map((probe) => ({
      probe,
      dueMs: Number.NEGATIVE_INFINITY,
      running: false,
      finding: undefined,
      atMs: Number.NEGATIVE_INFINITY,
    }));
  }

  /** What is known now. What was not asked yet is left out; what no longer applies is unknown. */
  current(): readonly Probe[] {
    return this.#entries.flatMap(({ probe, finding }) =>
      finding === undefined ? [] : [Probe.create({ type: probe.type, ...finding })],
    );
  }

  /** Everything is asked again at the next step: something was done to this host. */
  refresh(): void {
    for (const entry of this.#entries) entry.dueMs = Number.NEGATIVE_INFINITY;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.ports;
    while (!signal.aborted) {
      this.step(signal);
      await clock.sleep(tickMs, signal).catch(() => undefined);
    }
  }

  /** Starts what is due; does not wait for it. */
  step(signal: AbortSignal): void {
    const context: ProbeContext = { ...this.ports.context(), last: (type) => this.#last(type) };
    if (context.nodeName !== this.#nodeName) this.refresh();
    this.#nodeName = context.nodeName;
    const nowMs = this.ports.clock.now().monotonicMs;
    for (const entry of this.#entries) {
      if (entry.running || entry.dueMs > nowMs) continue;
      entry.running = true;
      entry.dueMs = nowMs + entry.probe.everyMs;
      this.#ask(entry, context, signal).catch((error: unknown) =>
        this.ports.log.error({ err: error, probe: entry.probe.type }, 'a probe broke'),
      );
    }
  }

  #last(type: string): ReturnType<ProbeContext['last']> {
    const entry = this.#entries.find(({ probe }) => probe.type === type);
    return entry?.finding === undefined ? undefined : { finding: entry.finding, atMs: entry.atMs };
  }

  async #ask(entry: Entry, context: ProbeContext, signal: AbortSignal): Promise<void> {
    const { clock } = this.ports;
    const { probe } = entry;
    const startedMs = clock.now().monotonicMs;
    const answered = new AbortController();
    const reading = probe
      .read(context)
      .catch((error: unknown) => isUnknown('ProbeFailed', error instanceof Error ? error.message : String(error)))
      .then((finding) => {
        entry.running = false;
        answered.abort();
        return { finding };
      });
    const late = clock
      .sleep(probe.deadlineMs, AbortSignal.any([signal, answered.signal]))
      .then(() => ({ finding: probe.late ?? isUnknown('ProbeTimeout', `no result in ${probe.deadlineMs / 1000} s`) }))
      .catch(() => undefined);
    const first = (await Promise.race([reading, late])) ?? (await reading);
    this.#keep(entry, first.finding, startedMs);
    // One that answers after its deadline is heard too: its answer is newer than its silence.
    if (entry.running) reading.then(({ finding }) => this.#keep(entry, finding, startedMs)).catch(() => undefined);
  }

  #keep(entry: Entry, finding: Finding | undefined, atMs: number): void {
    const before = entry.finding;
    // What was never said need not be taken back.
    const now = finding ?? (before === undefined ? undefined : notApplicable);
    entry.finding = now;
    entry.atMs = atMs;
    if (now === undefined || (before?.status === now.status && before.reason === now.reason)) return;
    this.ports.onChange?.(entry.probe.type);
    const worth = before !== undefined || now.status === ConditionStatus.UNKNOWN;
    this.ports.log[worth ? 'info' : 'debug']({ probe: entry.probe.type, reason: now.reason }, now.message);
  }
}
