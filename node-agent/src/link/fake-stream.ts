import type { SessionRequest, SessionResponse } from '@flotilla/proto';
import type { SessionStream, Transport } from './transport.js';

type Answer = NonNullable<SessionResponse['message']>;

/** A stream whose other side is the test. */
export class FakeStream implements SessionStream {
  readonly sent: NonNullable<SessionRequest['message']>[] = [];
  destroyed = false;
  /** As a link that is full: messages are taken, and the sender is told to hold back. */
  congested = false;
  #queue: Answer[] = [];
  #wake: () => void = () => undefined;
  #ended = false;
  #failure: Error | undefined;
  readonly messages: AsyncIterable<SessionResponse> = { [Symbol.asyncIterator]: () => this.#iterate() };

  constructor(
    private readonly onSend: (message: NonNullable<SessionRequest['message']>, stream: FakeStream) => void = () =>
      undefined,
  ) {}

  send(request: SessionRequest): boolean {
    if (request.message !== undefined) {
      this.sent.push(request.message);
      this.onSend(request.message, this);
    }
    return !this.congested;
  }

  /** What the server says next. */
  say(message: Answer): void {
    this.#queue.push(message);
    this.#wake();
  }

  end(failure?: Error): void {
    this.#ended = true;
    this.#failure = failure;
    this.#wake();
  }

  destroy(): void {
    this.destroyed = true;
    this.end();
  }

  renew(): Promise<{ readonly certificateChain: string; readonly caBundle: string }> {
    return Promise.reject(new Error('not in this test'));
  }

  kinds(): readonly string[] {
    return this.sent.map(({ $case }) => $case);
  }

  async *#iterate(): AsyncGenerator<SessionResponse> {
    for (;;) {
      const message = this.#queue.shift();
      if (message !== undefined) {
        yield { message };
        continue;
      }
      if (this.#ended) {
        if (this.#failure !== undefined) throw this.#failure;
        return;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** Hands out streams in order, and notes when each was opened. */
export class FakeTransport implements Transport {
  readonly opened: number[] = [];
  constructor(
    private readonly make: (index: number) => FakeStream | Error,
    private readonly nowMs: () => number,
  ) {}

  open(): Promise<SessionStream> {
    this.opened.push(this.nowMs());
    const made = this.make(this.opened.length - 1);
    return made instanceof Error ? Promise.reject(made) : Promise.resolve(made);
  }
}
