import { createHash } from 'node:crypto';
import { seededRandom, type Random } from '@flotilla/kit';

interface Event {
  readonly dueMs: number;
  readonly order: number;
  readonly owner: Process | undefined;
  run: (() => void) | undefined;
}

export interface Scheduled {
  cancel(): void;
}

/** What ends a run when a rule was broken. */
export class Violation extends Error {
  constructor(
    readonly invariant: string,
    message: string,
  ) {
    super(`${invariant}: ${message}`);
  }
}

const realImmediate = setImmediate;

/**
 * Virtual time. One event at a time, ordered by due time and then by arrival; after each, everything that can run
 * without time passing does run. `setImmediate` is taken over while a simulation runs, so that "nothing is left to do"
 * is a fact and not a guess. (kit's SimClock wakes the next sleeper after one turn of the loop, which is enough for a
 * unit test but not for an engine that needs many turns; it also knows neither processes nor pauses.)
 */
export class Kernel {
  readonly random: Random;
  nowMs = 0;
  /** Events that ran. */
  steps = 0;
  /** Called after each event, when everything is quiet. */
  afterEvent: () => void = () => undefined;
  readonly lines: string[] = [];
  #heap: Event[] = [];
  #order = 0;
  #immediates: (() => void)[] = [];
  #hash = createHash('sha256');
  #failure: Error | undefined;
  readonly #keepLines: boolean;

  constructor(
    seed: number,
    readonly startWallMs: number,
    options: { readonly keepLines?: boolean } = {},
  ) {
    this.random = seededRandom(seed);
    this.#keepLines = options.keepLines ?? true;
  }

  /** A child sequence: adding draws in one place does not move those of another. */
  fork(name: string): Random {
    const digest = createHash('sha256').update(`${this.random.fraction()} ${name}`).digest();
    return seededRandom(digest.readUInt32BE(0));
  }

  /** One line of the transcript; part of the trace hash. */
  log(text: string): void {
    const line = `${stamp(this.nowMs)} ${text}`;
    this.#hash.update(`${line}\n`);
    if (this.#keepLines) this.lines.push(line);
  }

  get traceHash(): string {
    return this.#hash.copy().digest('hex');
  }

  at(delayMs: number, run: () => void, owner?: Process): Scheduled {
    const event: Event = { dueMs: this.nowMs + Math.max(0, delayMs), order: this.#order++, owner, run };
    this.#push(event);
    return {
      cancel: () => {
        event.run = undefined;
      },
    };
  }

  /** Ends the run with this failure at the next chance. */
  fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Runs `body` with the kernel's own `setImmediate` in place. */
  async during<T>(body: () => Promise<T>): Promise<T> {
    const original = globalThis.setImmediate;
    const replaced = (run: (...args: unknown[]) => void, ...args: unknown[]): void => {
      this.#immediates.push(() => run(...args));
    };
    globalThis.setImmediate = replaced as unknown as typeof setImmediate; // nobody here uses the handle
    try {
      return await body();
    } finally {
      globalThis.setImmediate = original;
    }
  }

  /** Lets everything happen that needs no time. */
  async quiet(): Promise<void> {
    for (let turns = 0; ; turns++) {
      await new Promise<void>((resolve) => realImmediate(resolve));
      if (this.#immediates.length === 0) return;
      if (turns > 2_000) throw new Violation('liveness', 'the world does not come to rest without time passing');
      const batch = this.#immediates;
      this.#immediates = [];
      for (const run of batch) run();
    }
  }

  /** What the test itself asks of the world: done without time passing. */
  async settle<T>(work: Promise<T>): Promise<T> {
    const state = { done: false };
    const end = (): void => {
      state.done = true;
    };
    work.then(end, end);
    for (let turns = 0; !state.done && turns < 1000; turns++) await this.quiet();
    if (!state.done) throw new Violation('liveness', 'what the test asked for needs time to pass');
    return work;
  }

  /** Lets time pass until then. */
  async runUntil(untilMs: number): Promise<void> {
    await this.#settled();
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.dueMs > untilMs) break;
      this.#pop();
      const { run, owner } = next;
      if (run === undefined || owner?.dead === true) continue;
      if (owner !== undefined && owner.pausedUntilMs > next.dueMs) {
        // It happens when the process goes on, in the old order.
        this.#push({ ...next, dueMs: owner.pausedUntilMs, run });
        continue;
      }
      this.nowMs = Math.max(this.nowMs, next.dueMs);
      run();
      await this.#settled();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  async #settled(): Promise<void> {
    await this.quiet();
    this.steps += 1;
    this.afterEvent();
    if (this.#failure !== undefined) throw this.#failure;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (before(heap[parent] as Event, event)) break; // both indexes are inside
      heap[index] = heap[parent] as Event;
      index = parent;
    }
    heap[index] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Event, heap[child] as Event)) child += 1;
      if (before(last, heap[child] as Event)) break;
      heap[index] = heap[child] as Event;
      index = child;
    }
    heap[index] = last;
  }
}

function before(a: Event, b: Event): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

/** h:mm:ss.mmm since the start. */
export function stamp(atMs: number): string {
  const whole = Math.floor(atMs);
  const pad = (value: number, width = 2): string => String(value).padStart(width, '0');
  return `${Math.floor(whole / 3_600_000)}:${pad(Math.floor(whole / 60_000) % 60)}:${pad(Math.floor(whole / 1000) % 60)}.${pad(whole % 1000, 3)}`;
}

/** One operating-system process: dead ones do nothing any more, paused ones do it later. */
export class Process {
  dead = false;
  pausedUntilMs = 0;
  readonly #onDeath: (() => void)[] = [];

  constructor(
    readonly kernel: Kernel,
    readonly name: string,
  ) {}

  onDeath(run: () => void): void {
    this.#onDeath.push(run);
  }

  kill(): void {
    if (this.dead) return;
    this.dead = true;
    for (const run of this.#onDeath) run();
  }

  pause(durationMs: number): void {
    this.pausedUntilMs = Math.max(this.pausedUntilMs, this.kernel.nowMs + durationMs);
  }

  get paused(): boolean {
    return this.pausedUntilMs > this.kernel.nowMs;
  }
}
