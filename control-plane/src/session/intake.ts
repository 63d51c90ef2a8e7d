import type { Change, NewEvent, Store } from '@flotilla/core';
import { FlotillaError, toFlotillaError, type Clock, type Logger } from '@flotilla/kit';

type Stored = Extract<Change, { kind: 'machine.presence' | 'machine.inventory' | 'machine.observe' }>;

/** Changes in one commit; reliability rule 3. */
const batchMax = 256;
/** Changes gather this long, so that a storm of reconnects is a few commits. */
const gatherMs = 10;
const retryMs = 1000;
const eventsMax = 20_000;

/**
 * Carries transitions of sessions to the store in batches. Per machine and kind only the newest waits, so that what
 * waits is bounded by the number of machines, also while the disk is full.
 */
export class Intake {
  readonly #waiting = new Map<string, Stored>();
  readonly #events: NewEvent[] = [];
  #wake: (() => void) | undefined;
  #eventsDropped = 0;

  constructor(
    private readonly parts: { readonly store: Pick<Store, 'commit'>; readonly clock: Clock; readonly log: Logger },
  ) {}

  /** What waits, for metrics. */
  get waiting(): number {
    return this.#waiting.size + this.#events.length;
  }

  put(change: Stored): void {
    const key = `${change.kind} ${change.machineId}`;
    // Deleted first: the newest takes the place at the end, after what it may depend on.
    this.#waiting.delete(key);
    this.#waiting.set(key, change);
    this.#ring();
  }

  event(event: NewEvent): void {
    if (this.#events.length >= eventsMax) this.#eventsDropped += 1;
    else this.#events.push(event);
    this.#ring();
  }

  /** Commits what comes until aborted, then what is left. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#something(signal);
      await this.parts.clock.sleep(gatherMs, signal).catch(() => undefined);
      const written = await this.flush();
      if (!written) await this.parts.clock.sleep(retryMs, signal).catch(() => undefined);
    }
    await this.flush();
  }

  /** Commits everything that waits. False when the store cannot take it now; it waits on. */
  async flush(): Promise<boolean> {
    while (this.#waiting.size > 0 || this.#events.length > 0) {
      const changes = this.#take();
      try {
        await this.#commit(changes);
      } catch (thrown) {
        const error = toFlotillaError(thrown);
        if (error.retry !== 'never' || error.kind === 'exhausted') {
          this.#giveBack(changes);
          this.parts.log.warn(
            { code: error.code, waiting: this.waiting },
            'transitions wait: the store cannot take them now',
          );
          return false;
        }
        await this.#oneByOne(changes);
      }
    }
    if (this.#eventsDropped > 0) {
      this.parts.log.warn({ count: this.#eventsDropped }, 'events of sessions were dropped: too many waited');
      this.#eventsDropped = 0;
    }
    return true;
  }

  /** One bad change must not take the others with it. */
  async #oneByOne(changes: readonly Change[]): Promise<void> {
    for (const change of changes) {
      try {
        await this.#commit([change]);
      } catch (thrown) {
        const error = toFlotillaError(thrown);
        if (error instanceof FlotillaError && error.retry !== 'never') throw error;
        this.parts.log.warn({ kind: change.kind, code: error.code, err: error.message }, 'a transition was not stored');
      }
    }
  }

  #commit(changes: readonly Change[]): Promise<unknown> {
    return this.parts.store.commit(changes, {
      owner: 'session',
      nowMs: this.parts.clock.now().wallMs,
      actor: 'system',
    });
  }

  #take(): Change[] {
    const changes: Change[] = [];
    for (const [key, change] of this.#waiting) {
      if (changes.length >= batchMax) break;
      this.#waiting.delete(key);
      changes.push(change);
    }
    const events = this.#events.splice(0, batchMax - changes.length);
    for (const event of events) changes.push({ kind: 'event.append', event });
    return changes;
  }

  #giveBack(changes: readonly Change[]): void {
    const events: NewEvent[] = [];
    for (const change of changes) {
      if (change.kind === 'event.append') events.push(change.event);
      // What came meanwhile is newer.
      else if ('machineId' in change && !this.#waiting.has(`${change.kind} ${change.machineId}`)) {
        this.#waiting.set(`${change.kind} ${change.machineId}`, change as Stored);
      }
    }
    this.#events.unshift(...events);
  }

  #ring(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  async #something(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size > 0 || this.#events.length > 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        // Taken off again: this waits thousands of times for one signal.
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#wake = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }
}
