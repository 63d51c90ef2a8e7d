import { deriveSession, type FleetLiveness, type LiveMachine, type Sessions } from '@flotilla/core';
import { adaptiveDeadlineMs, arrivalsKept, type StallMeter } from '@flotilla/health';
import type { Clock } from '@flotilla/kit';
import { SessionState, type Probe } from '@flotilla/proto';

/** A machine as this process heard it. Heartbeats end here; nothing of this is stored. */
export interface TableEntry {
  readonly machineId: string;
  connected: boolean;
  /** As told last; `refresh` moves it. */
  state: SessionState;
  lastHeardMs: number;
  lastHeardWallMs: number;
  remoteAddress: string;
  readonly probes: Map<string, Probe>;
  /** Monotonic times of the last messages of this stream, oldest first. */
  readonly arrivals: number[];
  /** Silence after which it counts as silent, from the gaps of this very link. */
  deadlineMs: number;
}

/** Probes one machine may have; the agent knows about ten. */
const probesMax = 64;
/** A machine that fell silent counts for "everyone silent means us" for this long. */
const lostMs = 10 * 60_000;

/** Who is connected now, and when each was heard last. In memory only; bounded by the number of machines. */
export class SessionTable implements Sessions {
  readonly #entries = new Map<string, TableEntry>();
  /** Those forgotten lately, with when they were heard last. */
  readonly #lost = new Map<string, number>();
  readonly #watchedSinceMs: number;
  #connected = 0;

  constructor(
    private readonly clock: Clock,
    readonly heartbeatIntervalMs: number,
    /** Our own standing still, which is nobody else's silence. */
    private readonly stalls: Pick<StallMeter, 'stalledMs'>,
  ) {
    this.#watchedSinceMs = clock.now().monotonicMs;
  }

  get connected(): number {
    return this.#connected;
  }

  live(machineId: string): LiveMachine {
    const entry = this.#entries.get(machineId);
    const heardMs = entry?.lastHeardMs ?? this.#watchedSinceMs;
    return {
      connected: entry?.connected ?? false,
      lastHeardMs: entry?.lastHeardMs,
      watchedSinceMs: this.#watchedSinceMs,
      deadlineMs: entry?.deadlineMs ?? this.#deadlineMs([]),
      ownStallMs: this.stalls.stalledMs(heardMs, this.clock.now().monotonicMs),
      heartbeatIntervalMs: this.heartbeatIntervalMs,
      probes: entry === undefined ? [] : [...entry.probes.values()],
    };
  }

  fleet(): FleetLiveness {
    const nowMs = this.clock.now().monotonicMs;
    let heard = 0;
    let lost = 0;
    for (const { lastHeardMs, deadlineMs } of this.#entries.values()) {
      const silentMs = nowMs - lastHeardMs;
      if (silentMs <= deadlineMs + this.stalls.stalledMs(lastHeardMs, nowMs)) heard += 1;
      else if (silentMs <= lostMs) lost += 1;
    }
    for (const [machineId, lastHeardMs] of this.#lost) {
      if (nowMs - lastHeardMs <= lostMs) lost += 1;
      else this.#lost.delete(machineId);
    }
    return { heard, lost };
  }

  /** For people: session state and wall time. `stored` is what the record says, for machines not heard since our start. */
  liveness(
    machineId: string,
    stored: SessionState,
    storedSeenAtMs: number | undefined,
  ): { readonly session: SessionState; readonly lastSeenAtMs: number | undefined } {
    const entry = this.#entries.get(machineId);
    return {
      session: deriveSession(entry?.state ?? stored, this.live(machineId), this.clock.now()),
      lastSeenAtMs: entry?.lastHeardWallMs ?? storedSeenAtMs,
    };
  }

  /** A session begins: its probes are complete with the first heartbeat. */
  open(machineId: string, remoteAddress: string): TableEntry {
    const before = this.#entries.get(machineId);
    if (before?.connected !== true) this.#connected += 1;
    const now = this.clock.now();
    const entry: TableEntry = {
      machineId,
      connected: true,
      state: SessionState.CONNECTED,
      lastHeardMs: now.monotonicMs,
      lastHeardWallMs: now.wallMs,
      remoteAddress,
      // Kept until the first heartbeat replaces them: no flicker at each reconnect.
      probes: before?.probes ?? new Map<string, Probe>(),
      // Of the link there is now: another one has other habits.
      arrivals: [now.monotonicMs],
      deadlineMs: this.#deadlineMs([]),
    };
    this.#entries.set(machineId, entry);
    this.#lost.delete(machineId);
    return entry;
  }

  /** Something came from the machine. */
  heard(entry: TableEntry): void {
    const now = this.clock.now();
    entry.lastHeardMs = now.monotonicMs;
    entry.lastHeardWallMs = now.wallMs;
  }

  /** A heartbeat came: the regular beat from which the habits of the link are learned. */
  beat(entry: TableEntry): void {
    this.heard(entry);
    entry.arrivals.push(entry.lastHeardMs);
    if (entry.arrivals.length > arrivalsKept) entry.arrivals.shift();
    entry.deadlineMs = this.#deadlineMs(entry.arrivals);
  }

  /** Moves the state on to what is true now. True when it changed. */
  refresh(entry: TableEntry): boolean {
    const state = deriveSession(entry.state, this.live(entry.machineId), this.clock.now());
    if (state === entry.state) return false;
    entry.state = state;
    return true;
  }

  /** Takes changed probes in; `complete` drops those not named. True when one flipped or is new. */
  probes(entry: TableEntry, probes: readonly Probe[], complete: boolean): boolean {
    let flipped = false;
    const named = new Set(probes.map(({ type }) => type));
    for (const type of complete ? [...entry.probes.keys()] : []) {
      if (!named.has(type)) flipped = entry.probes.delete(type) || flipped;
    }
    for (const probe of probes) {
      const before = entry.probes.get(probe.type);
      if (before === undefined && entry.probes.size >= probesMax) continue;
      entry.probes.set(probe.type, probe);
      flipped ||= before?.status !== probe.status || before.reason !== probe.reason;
    }
    return flipped;
  }

  /** The session ended. False when another one has taken its place already. */
  close(entry: TableEntry): boolean {
    if (this.#entries.get(entry.machineId) !== entry || !entry.connected) return false;
    entry.connected = false;
    this.#connected -= 1;
    return true;
  }

  /** Forgets what is long gone, so that the table holds machines that are somewhere near. */
  forget(entry: TableEntry): void {
    if (entry.connected || this.#entries.get(entry.machineId) !== entry) return;
    this.#entries.delete(entry.machineId);
    this.#lost.set(entry.machineId, entry.lastHeardMs);
  }

  entries(): Iterable<TableEntry> {
    return this.#entries.values();
  }

  #deadlineMs(arrivals: readonly number[]): number {
    return adaptiveDeadlineMs(arrivals, this.heartbeatIntervalMs);
  }
}
