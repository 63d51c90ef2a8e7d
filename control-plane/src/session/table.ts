import { deriveSession, type LiveMachine, type Sessions } from '@flotilla/core';
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
}

/** Probes one machine may have; the agent knows about ten. */
const probesMax = 64;

/** Who is connected now, and when each was heard last. In memory only; bounded by the number of machines. */
export class SessionTable implements Sessions {
  readonly #entries = new Map<string, TableEntry>();
  readonly #watchedSinceMs: number;
  #connected = 0;

  constructor(
    private readonly clock: Clock,
    readonly heartbeatIntervalMs: number,
  ) {
    this.#watchedSinceMs = clock.now().monotonicMs;
  }

  get connected(): number {
    return this.#connected;
  }

  live(machineId: string): LiveMachine {
    const entry = this.#entries.get(machineId);
    return {
      connected: entry?.connected ?? false,
      lastHeardMs: entry?.lastHeardMs,
      watchedSinceMs: this.#watchedSinceMs,
      heartbeatIntervalMs: this.heartbeatIntervalMs,
      probes: entry === undefined ? [] : [...entry.probes.values()],
    };
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
    };
    this.#entries.set(machineId, entry);
    return entry;
  }

  /** Something came from the machine. */
  heard(entry: TableEntry): void {
    const now = this.clock.now();
    entry.lastHeardMs = now.monotonicMs;
    entry.lastHeardWallMs = now.wallMs;
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
    if (!entry.connected && this.#entries.get(entry.machineId) === entry) this.#entries.delete(entry.machineId);
  }

  entries(): Iterable<TableEntry> {
    return this.#entries.values();
  }
}
