import { FakeRefusal } from './refusal.js';

/** What shall go wrong with requests that match. */
export interface FakeFault {
  /** All methods unless told. */
  readonly method?: string;
  /** Against path and query; all unless told. */
  readonly path?: RegExp;
  /** How many requests; one unless told. */
  readonly times?: number;
  readonly fault:
    | {
        readonly kind: 'refuse';
        readonly status: number;
        readonly reason?: string;
        readonly message?: string;
        readonly retryAfterSeconds?: number;
      }
    /** Answers with exactly this. */
    | {
        readonly kind: 'body';
        readonly status: number;
        readonly body: string;
        readonly headers?: Readonly<Record<string, string>>;
      }
    /** Cuts the connection without an answer. */
    | { readonly kind: 'cut' }
    /** Never answers. */
    | { readonly kind: 'stall' }
    /** Carries the request out, then cuts the connection: the caller cannot know. */
    | { readonly kind: 'cut-after' };
}

/** Faults that wait for their request, in the order they were asked for. */
export class FaultQueue {
  #waiting: { readonly fault: FakeFault; left: number }[] = [];

  add(fault: FakeFault): void {
    this.#waiting.push({ fault, left: fault.times ?? 1 });
  }

  take(method: string, url: string): FakeFault['fault'] | undefined {
    const hit = this.#waiting.find(
      ({ fault }) => (fault.method ?? method) === method && (fault.path?.test(url) ?? true),
    );
    if (hit === undefined) return undefined;
    hit.left--;
    this.#waiting = this.#waiting.filter(({ left }) => left > 0);
    return hit.fault.fault;
  }

  get size(): number {
    return this.#waiting.length;
  }
}

export function toRefusal(fault: FakeFault['fault'] & { kind: 'refuse' }): FakeRefusal {
  return new FakeRefusal(
    fault.status,
    fault.reason ?? '',
    fault.message ?? 'injected by the test',
    fault.retryAfterSeconds,
  );
}
