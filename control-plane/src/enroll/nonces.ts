import { FlotillaError, type Clock, type Random } from '@flotilla/kit';

export interface NonceOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly ttlMs?: number;
  /** Most nonces alive at once; beyond it callers are told to come back. */
  readonly countMax?: number;
}

interface Issued {
  readonly bound: string;
  readonly expiresAtMs: number;
}

/** Single-use challenges, in memory: a restart only makes callers begin again. */
export class Nonces {
  readonly #options: NonceOptions;
  readonly #ttlMs: number;
  readonly #countMax: number;
  // Insertion order is order of expiry, because all live equally long.
  readonly #issued = new Map<string, Issued>();

  constructor(options: NonceOptions) {
    this.#options = options;
    this.#ttlMs = options.ttlMs ?? 60_000;
    this.#countMax = options.countMax ?? 20_000;
  }

  /** A new nonce (32 bytes) that only the same `bound` can take. Throws ENROLL_BUSY when too many are alive. */
  issue(bound: string): Buffer {
    const nowMs = this.#options.clock.now().monotonicMs;
    this.#expire(nowMs);
    if (this.#issued.size >= this.#countMax) {
      throw new FlotillaError('ENROLL_BUSY', 'Too many enrolments are under way.', {
        kind: 'exhausted',
        retry: 'later',
        remedy: 'Nothing to do: the agent tries again by itself.',
      });
    }
    const nonce = Buffer.from(this.#options.random.bytes(32));
    this.#issued.set(nonce.toString('base64'), { bound, expiresAtMs: nowMs + this.#ttlMs });
    return nonce;
  }

  /** Uses a nonce up. False when it is unknown, used, expired, or was given to another `bound`. */
  take(nonce: Uint8Array, bound: string): boolean {
    const key = Buffer.from(nonce).toString('base64');
    const issued = this.#issued.get(key);
    this.#issued.delete(key);
    return issued !== undefined && issued.bound === bound && issued.expiresAtMs > this.#options.clock.now().monotonicMs;
  }

  get size(): number {
    return this.#issued.size;
  }

  #expire(nowMs: number): void {
    for (const [key, issued] of this.#issued) {
      if (issued.expiresAtMs > nowMs) return;
      this.#issued.delete(key);
    }
  }
}
