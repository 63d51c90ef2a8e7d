import { FlotillaError, type Random } from '@flotilla/kit';
import type { Kernel, Process } from './kernel.js';

/** How the way from one place to another is now; one-way. */
export interface Way {
  /** Nothing passes; what is sent meanwhile waits, as in TCP. */
  cut: boolean;
  latencyMs: number;
  jitterMs: number;
  /** Share of packets lost: each costs a retransmission. */
  loss: number;
}

/** Places: `server`, `api:<cluster id>`, `host:<machine>`. */
export class Network {
  readonly #ways = new Map<string, Way>();
  readonly #random: Random;
  readonly #onHeal = new Set<() => void>();

  constructor(readonly kernel: Kernel) {
    this.#random = kernel.fork('net');
  }

  way(from: string, to: string): Way {
    const key = `${from}>${to}`;
    let way = this.#ways.get(key);
    if (way === undefined) {
      way = { cut: false, latencyMs: 1 + Math.floor(this.#random.fraction() * 40), jitterMs: 2, loss: 0 };
      this.#ways.set(key, way);
    }
    return way;
  }

  /** Both ways. */
  setCut(a: string, b: string, cut: boolean): void {
    this.way(a, b).cut = cut;
    this.way(b, a).cut = cut;
    if (!cut) this.healed();
  }

  /** To be called after ways were changed: what waited goes on. */
  healed(): void {
    for (const listener of [...this.#onHeal]) listener();
  }

  onHeal(listener: () => void): () => void {
    this.#onHeal.add(listener);
    return () => this.#onHeal.delete(listener);
  }

  /** Whether a request gets there and its answer comes back. */
  passes(a: string, b: string): boolean {
    return !this.way(a, b).cut && !this.way(b, a).cut;
  }

  /** Time of one packet on this way. */
  delayMs(way: Way): number {
    let delayMs = way.latencyMs + this.#random.fraction() * way.jitterMs;
    // Retransmission timeouts double, as TCP's do.
    for (let rtoMs = 200; way.loss > 0 && this.#random.fraction() < way.loss && rtoMs <= 6_400; rtoMs *= 2)
      delayMs += rtoMs;
    return delayMs;
  }
}

/** One direction of a connection: in order, delayed, held while the way is cut, never lost while it lives. */
export class Pipe<T> {
  #waiting: T[] = [];
  #lastDueMs = 0;
  closed = false;
  readonly #stop: () => void;

  constructor(
    private readonly network: Network,
    private readonly way: Way,
    private readonly receiver: () => Process | undefined,
    private readonly deliver: (item: T) => void,
  ) {
    this.#stop = network.onHeal(() => this.#resume());
  }

  /** Items that are held by a cut. */
  get held(): number {
    return this.#waiting.length;
  }

  send(item: T): void {
    if (this.closed) return;
    if (this.way.cut || this.#waiting.length > 0) {
      // A socket buffer is not endless; who sends more blocks, and the newest is as good as the oldest here.
      if (this.#waiting.length < 2_000) this.#waiting.push(item);
      return;
    }
    const { kernel } = this.network;
    const dueMs = Math.max(this.#lastDueMs, kernel.nowMs + this.network.delayMs(this.way));
    this.#lastDueMs = dueMs;
    kernel.at(
      dueMs - kernel.nowMs,
      () => {
        if (this.closed) return;
        // Cut while it was under way: it is sent again later.
        if (this.way.cut) this.#waiting.push(item);
        else this.deliver(item);
      },
      this.receiver(),
    );
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#waiting = [];
    this.#stop();
  }

  #resume(): void {
    if (this.closed || this.way.cut || this.#waiting.length === 0) return;
    const items = this.#waiting;
    this.#waiting = [];
    for (const item of items) this.send(item);
  }
}

export function unreachable(what: string): FlotillaError {
  return new FlotillaError('UNREACHABLE', `${what} cannot be reached`, { kind: 'unavailable', retry: 'later' });
}
