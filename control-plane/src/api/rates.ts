import { FlotillaError, type Clock } from '@flotilla/kit';
import type { RateClass } from './policy.js';

export interface RateLimit {
  /** Calls a second of one caller in the long run, and at once after a quiet time. */
  readonly perSecond: number;
  readonly burst: number;
  /** Calls of this class that run at once, of all callers together. */
  readonly inFlightMax: number;
}

export type RateLimits = Readonly<Record<RateClass, RateLimit>>;

/** What a server of 5,000 agents stands without its heartbeats noticing. */
export const defaultRateLimits: RateLimits = {
  read: { perSecond: 50, burst: 200, inFlightMax: 128 },
  write: { perSecond: 10, burst: 60, inFlightMax: 64 },
  watch: { perSecond: 2, burst: 30, inFlightMax: 500 },
  // By network address: a site of machines behind one NAT enrolls together.
  enroll: { perSecond: 20, burst: 200, inFlightMax: 64 },
  session: { perSecond: 1, burst: 10, inFlightMax: 20_000 },
  renew: { perSecond: 0.1, burst: 10, inFlightMax: 64 },
  sync: { perSecond: 0.2, burst: 5, inFlightMax: 4 },
};

/** Failed logins of one network address. */
const guesses = { perSecond: 1, burst: 20 };
/** Callers remembered; the one unheard for longest is forgotten first, and is then as good as new. */
const callersMax = 50_000;

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Token buckets by caller, and calls in flight by class. */
export class Rates {
  readonly #buckets = new Map<string, Bucket>();
  readonly #inFlight = new Map<RateClass, number>();

  constructor(
    private readonly clock: Clock,
    private readonly limits: RateLimits = defaultRateLimits,
  ) {}

  /** Lets one call of the caller begin and returns what ends it. Throws RATE_LIMITED or SERVER_BUSY. */
  begin(rate: RateClass, caller: string): () => void {
    const limit = this.limits[rate];
    if (!this.#take(`${rate} ${caller}`, limit)) {
      throw new FlotillaError(
        'RATE_LIMITED',
        `Too many calls (${rate}): at most ${limit.perSecond} a second after a burst of ${limit.burst}.`,
        {
          kind: 'exhausted',
          retry: 'later',
          remedy: 'Wait a moment, and ask less often.',
        },
      );
    }
    const running = this.#inFlight.get(rate) ?? 0;
    if (running >= limit.inFlightMax) {
      throw new FlotillaError(
        'SERVER_BUSY',
        `${running} calls of this class (${rate}) are under way, the most there may be.`,
        {
          kind: 'exhausted',
          retry: 'later',
          remedy: 'Try again in a moment.',
        },
      );
    }
    this.#inFlight.set(rate, running + 1);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#inFlight.set(rate, (this.#inFlight.get(rate) ?? 1) - 1);
    };
  }

  /** Counts a failed login; false when this address has failed too often lately. */
  guess(address: string): boolean {
    return this.#take(`guess ${address}`, guesses);
  }

  #take(key: string, limit: { readonly perSecond: number; readonly burst: number }): boolean {
    const nowMs = this.clock.now().monotonicMs;
    const bucket = this.#buckets.get(key) ?? { tokens: limit.burst, atMs: nowMs };
    // Deleted and set anew, so that the map stays in order of last use.
    this.#buckets.delete(key);
    bucket.tokens = Math.min(limit.burst, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * limit.perSecond);
    bucket.atMs = nowMs;
    const allowed = bucket.tokens >= 1;
    if (allowed) bucket.tokens -= 1;
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > callersMax) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    return allowed;
  }
}
