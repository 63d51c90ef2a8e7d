import type { Instant } from '@flotilla/kit';
import { bootstrapTokenLeftMsMin } from '../plan/bootstrap-token.js';

interface Held {
  readonly nodeId: string;
  readonly token: string;
  /** Monotonic. */
  readonly endsAtMs: number;
}

/** kubeadm bootstrap tokens that were minted: one per machine, in memory only, gone with the process. */
export class BootstrapTokens {
  readonly #held = new Map<string, Held>();
  readonly #minting = new Set<string>();

  /** A token of the machine is about to exist: nobody may take it for a forgotten one. */
  begin(machineId: string): void {
    this.#minting.add(machineId);
  }

  /** Whether a token at the API server is one that this process knows. */
  knows(machineId: string): boolean {
    return this.#held.has(machineId) || this.#minting.has(machineId);
  }

  put(machineId: string, nodeId: string, token: string, endsAtMs: number): void {
    this.#held.set(machineId, { nodeId, token, endsAtMs });
    this.#minting.delete(machineId);
  }

  drop(machineId: string): void {
    this.#held.delete(machineId);
    this.#minting.delete(machineId);
  }

  /** Whether there is one at all, fit for use or not: it is ours to delete. */
  has(machineId: string): boolean {
    return this.#held.has(machineId);
  }

  /** The token of this machine for this node, with at least two minutes left. */
  usable(
    machineId: string,
    nodeId: string,
    now: Instant,
  ): { readonly token: string; readonly leftMs: number } | undefined {
    const held = this.#held.get(machineId);
    if (held === undefined || held.nodeId !== nodeId) return undefined;
    const leftMs = held.endsAtMs - now.monotonicMs;
    return leftMs < bootstrapTokenLeftMsMin ? undefined : { token: held.token, leftMs };
  }
}
