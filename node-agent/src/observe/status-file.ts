import type { Clock } from '@flotilla/kit';
import type { Host } from '../host/host.js';

/** One phase, as `flotilla-agent status` shows it. Times in wall ms. */
export interface PhaseStatus {
  readonly phase: string;
  readonly step: string;
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'parked';
  readonly index: number;
  readonly total: number;
  readonly startMs?: number;
  readonly endMs?: number;
  readonly attempt: number;
  readonly progress: string;
  readonly retryMs?: number;
  readonly problems: readonly { readonly code: string; readonly message: string; readonly remedy: string }[];
}

/** status.json: all that `flotilla-agent status` knows. */
export interface AgentStatus {
  readonly schema: 1;
  readonly version: string;
  readonly pid: number;
  readonly writtenMs: number;
  readonly startedMs: number;
  readonly server: string;
  readonly host: string;
  readonly machine?: { readonly id: string; readonly name: string; readonly project: string };
  readonly role: 'none' | 'worker' | 'control-plane';
  readonly cluster: string;
  readonly pool: string;
  /** Pool this machine was enrolled for; empty for a spare. */
  readonly wantedPool: string;
  readonly kubernetesVersion: string;
  readonly link: { readonly state: string; readonly reason: string; readonly lastAckMs?: number };
  readonly converged: boolean;
  readonly phases: readonly PhaseStatus[];
  /** Why the daemon ended, when it did by itself. */
  readonly fatal?: { readonly code: string; readonly message: string; readonly remedy: string };
}

const pauseMs = 200;
/** Written at least this often, so that a reader can tell a live daemon from a dead one. */
const aliveMs = 10_000;

/** Keeps status.json up to date: soon after each change, never more than five times a second. */
export class StatusFile {
  #dirty = true;
  #wake: () => void = () => undefined;

  constructor(
    private readonly host: Host,
    private readonly path: string,
    private readonly clock: Clock,
    private readonly compose: () => AgentStatus,
  ) {}

  touch(): void {
    this.#dirty = true;
    this.#wake();
  }

  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    while (!signal.aborted) {
      this.#dirty = false;
      await this.write();
      await this.clock.sleep(pauseMs, signal).catch(() => undefined);
      if (this.#dirty || signal.aborted) continue;
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      await this.clock.sleep(aliveMs - pauseMs, woken.signal).catch(() => undefined);
    }
    await this.write();
  }

  /** A full or read-only disk must not end the agent: the status is a convenience. */
  async write(): Promise<void> {
    await this.host.writeAtomic(this.path, `${JSON.stringify(this.compose())}\n`, 0o600).catch(() => undefined);
  }
}
