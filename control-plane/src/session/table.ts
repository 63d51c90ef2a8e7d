import type { LiveMachine, Sessions } from '@flotilla/core';
import type { Clock } from '@flotilla/kit';
import { SessionState, type Probe } from '@flotilla/proto';

/** A machine as this process heard it. Heartbeats end here; nothing of this is stored. */
export interface TableEntry {
  readonly machineId: string;
  connected: boolean;
  /** Connected, but nothing was heard for too long. */
  silent: boolean;
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

  /** For people: session state and wall time; undefined when the machine was not heard by this process. */
  liveness(machineId: string): { readonly session: SessionState; readonly lastSeenAtMs: number } | undefined {
    const entry = this.#entries.get(machineId);
    return entry === undefined ? undefined : { session: stateOf(entry), lastSeenAtMs: entry.lastHeardWallMs };
  }

  /** A session begins: its probes are complete with the first heartbeat. */
  open(machineId: string, remoteAddress: string): TableEntry {
    const before = this.#entries.get(machineId);
    if (before?.connected !== true) this.#connected += 1;
    const now = this.clock.now();
    const entry: TableEntry = {
      machineId,
      connected: true,
      silent: false,
      lastHeardMs: now.monotonicMs,
      lastHeardWallMs: now.wallMs,
      remoteAddress,
      // Kept until the first heartbeat replaces them: no flicker at each reconnect.
      probes: before?.probes ?? new Map<string, Probe>(),
    };
    this.#entries.set(machineId, entry);
    return entry;
  }

  /** Something came from the machine. True when it was silent until now. */
  heard(entry: TableEntry): boolean {
    const now = this.clock.now();
    entry.lastHeardMs = now.monotonicMs;
    entry.lastHeardWallMs = now.wallMs;
    const wasSilent = entry.silent;
    entry.silent = false;
    return wasSilent;
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
    entry.silent = false;
    this.#connected -= 1;
    return true;
  }

  /** Forgets a retired machine. */
  forget(machineId: string): void {
    if (this.#entries.get(machineId)?.connected === false) this.#entries.delete(machineId);
  }

  entries(): Iterable<TableEntry> {
    return this.#entries.values();
  }
}

export function stateOf(entry: TableEntry): SessionState {
  if (!entry.connected) return SessionState.DISCONNECTED;
  return entry.silent ? SessionState.SILENT : SessionState.CONNECTED;
}
