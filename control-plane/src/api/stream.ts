import type { ServerDuplexStream, ServerWritableStream, ServiceError } from '@grpc/grpc-js';
import { FlotillaError, reasonOf } from '@flotilla/kit';
import type { Duplex } from './call.js';
import { Malformed } from './malformed.js';

/** Messages that may wait in a stream before its reader counts as stalled. */
const waitingMax = 256;

type ToError = (thrown: unknown, call: { reference: string; peer: string }) => ServiceError;

/** A grpc-js stream as the handlers see it: callbacks instead of iteration, because ending an iteration destroys it. */
export function duplexOf<Req, Res>(stream: ServerDuplexStream<unknown, unknown>, toError: ToError): Duplex<Req, Res> {
  return new GrpcDuplex<Req, Res>(stream, toError);
}

class GrpcDuplex<Req, Res> implements Duplex<Req, Res> {
  #closed = false;
  #ended = false;
  readonly #onClose: (() => void)[] = [];

  constructor(
    private readonly stream: ServerDuplexStream<unknown, unknown>,
    private readonly toError: ToError,
  ) {
    for (const name of ['cancelled', 'close', 'error', 'end']) stream.on(name, () => this.#close());
    stream.pause();
  }

  onMessage(listener: (message: Req) => void): void {
    this.stream.on('data', (message: unknown) => {
      if (this.#ended) return;
      try {
        if (message instanceof Malformed) throw message.reason;
        // Decoded by the method's own deserializer.
        listener(message as Req);
      } catch (error) {
        this.fail(error);
      }
    });
    this.stream.resume();
  }

  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else this.#onClose.push(listener);
  }

  send(message: Res): boolean {
    if (this.#closed || this.#ended) return false;
    // Two minutes of heartbeats unread: it is gone, or holds us up on purpose.
    if (this.stream.writableLength >= waitingMax) this.fail(stalled());
    else return this.stream.write(message);
    return false;
  }

  get waiting(): number {
    return this.stream.writableLength;
  }

  end(): void {
    if (!this.#ended) {
      this.#ended = true;
      this.stream.end();
    }
    this.#close();
  }

  fail(thrown: unknown): void {
    if (!this.#ended) {
      this.#ended = true;
      const call = { reference: 'stream', peer: this.stream.getPeer() };
      // 'error' makes grpc-js send the status; destroy would lose it.
      this.stream.emit('error', isServiceError(thrown) ? thrown : this.toError(thrown, call));
    }
    this.#close();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const listener of this.#onClose) listener();
  }
}

function stalled(): FlotillaError {
  return new FlotillaError('READER_STALLED', 'The other side does not read.', { kind: 'exhausted', retry: 'later' });
}

/** Sends one message and waits while the reader is slow; rejects when it goes away. */
export function sender<Res>(
  stream: ServerWritableStream<unknown, unknown>,
  signal: AbortSignal,
): (message: Res) => Promise<void> {
  return (message) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(reasonOf(signal));
        return;
      }
      if (stream.write(message)) {
        resolve();
        return;
      }
      const settle = (act: () => void) => () => {
        stream.off('drain', drained);
        signal.removeEventListener('abort', aborted);
        act();
      };
      const drained = settle(resolve);
      const aborted = settle(() => reject(reasonOf(signal)));
      stream.once('drain', drained);
      signal.addEventListener('abort', aborted, { once: true });
    });
}

function isServiceError(value: unknown): value is ServiceError {
  return value instanceof Error && 'code' in value && typeof value.code === 'number' && 'metadata' in value;
}
