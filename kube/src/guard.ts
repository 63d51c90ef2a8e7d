import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Clock, FlotillaError } from '@flotilla/kit';
import { cancelledError, connectionError, deadlineError, RefusedAnswer, StaleConnection } from './errors.js';

/** Ends one request when its deadline passes, when it is silent, or when the caller gives up; and says which it was. */
export class Guard {
  readonly #clock: Clock;
  readonly #what: string;
  readonly #callerSignal: AbortSignal | undefined;
  readonly #timers = new AbortController();
  #request: ClientRequest | undefined;
  #answer: IncomingMessage | undefined;
  #verdict: FlotillaError | undefined;
  #heardAtMs: number;

  constructor(clock: Clock, signal: AbortSignal | undefined, what: string) {
    this.#clock = clock;
    this.#what = what;
    this.#callerSignal = signal;
    this.#heardAtMs = clock.now().monotonicMs;
    if (signal?.aborted) this.#verdict = cancelledError(what);
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  readonly #onAbort = (): void => this.#end(cancelledError(this.#what));

  get over(): boolean {
    return this.#verdict !== undefined;
  }

  hold(request: ClientRequest): void {
    this.#request = request;
    if (this.#verdict !== undefined) request.destroy(this.#verdict);
  }

  /** The answer of the request that is held. */
  answered(answer: IncomingMessage): void {
    this.#answer = answer;
    this.heard();
  }

  heard(): void {
    this.#heardAtMs = this.#clock.now().monotonicMs;
  }

  limit(timeoutMs: number): void {
    void this.#clock.sleep(timeoutMs, this.#timers.signal).then(
      () => this.#end(deadlineError(timeoutMs, this.#what)),
      () => undefined,
    );
  }

  /** For an answer without end: it must begin within the first time, and never be silent for the second. */
  limitSilence(openTimeoutMs: number, idleTimeoutMs: number): void {
    void this.#watchSilence(openTimeoutMs, idleTimeoutMs).catch(() => undefined);
  }

  async #watchSilence(openTimeoutMs: number, idleTimeoutMs: number): Promise<void> {
    for (;;) {
      const limitMs = this.#answer === undefined ? Math.min(openTimeoutMs, idleTimeoutMs) : idleTimeoutMs;
      const silentMs = this.#clock.now().monotonicMs - this.#heardAtMs;
      if (silentMs >= limitMs) return this.#end(deadlineError(limitMs, `say anything to ${this.#what}`));
      await this.#clock.sleep(limitMs - silentMs, this.#timers.signal);
    }
  }

  /** The error as the caller shall see it: our own verdict outranks what the torn connection said. */
  explain(error: unknown): unknown {
    if (error instanceof RefusedAnswer) return error;
    if (this.#verdict !== undefined) return this.#verdict;
    return connectionError(error instanceof StaleConnection ? error.cause : error, this.#what);
  }

  release(): void {
    this.#timers.abort();
    this.#callerSignal?.removeEventListener('abort', this.#onAbort);
    // Whatever was not read to its end is of no use to the next call.
    if (this.#answer?.complete !== true) this.#request?.destroy();
  }

  #end(verdict: FlotillaError): void {
    this.#verdict ??= verdict;
    this.#request?.destroy(this.#verdict);
  }
}
