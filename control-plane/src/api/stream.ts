import type { ServerDuplexStream, ServerWritableStream, ServiceError } from '@grpc/grpc-js';
import { reasonOf } from '@flotilla/kit';
import type { Duplex } from './call.js';
import { Malformed } from './malformed.js';

/** Messages that may wait in a stream before its reader counts as stalled. */
const waitingMax = 256;

/** A grpc-js stream as the handlers see it: callbacks instead of iteration, because ending an iteration destroys it. */
export function duplexOf<Req, Res>(
  stream: ServerDuplexStream<unknown, unknown>,
  toError: (thrown: unknown, call: { reference: string; peer: string }) => ServiceError,
): Duplex<Req, Res> {
  let closed = false;
  let ended = false;
  let onMessage: ((message: Req) => void) | undefined;
  const onClose: (() => void)[] = [];
  const close = (): void => {
    if (closed) return;
    closed = true;
    for (const listener of onClose) listener();
  };
  const fail = (thrown: unknown): void => {
    if (!ended) {
      ended = true;
      const error = isServiceError(thrown) ? thrown : toError(thrown, { reference: 'stream', peer: stream.getPeer() });
      // 'error' makes grpc-js send the status; listeners for it exist from the start.
      stream.emit('error', error);
    }
    close();
  };
  stream.on('cancelled', close);
  stream.on('close', close);
  stream.on('error', close);
  stream.on('end', close);
  stream.pause();
  const read = (message: unknown): void => {
    if (ended) return;
    try {
      if (message instanceof Malformed) throw message.reason;
      // Decoded by the method's own deserializer.
      onMessage?.(message as Req);
    } catch (error) {
      fail(error);
    }
  };
  return {
    onMessage(listener) {
      onMessage = listener;
      stream.on('data', read);
      stream.resume();
    },
    onClose(listener) {
      if (closed) listener();
      else onClose.push(listener);
    },
    send(message) {
      if (closed || ended) return false;
      if (stream.writableLength >= waitingMax) {
        // Two minutes of heartbeats unread: it is gone, or holds us up on purpose.
        stream.emit(
          'error',
          Object.assign(new Error('reader stalled'), { code: 8, details: 'The other side does not read.' }),
        );
        ended = true;
        close();
        return false;
      }
      return stream.write(message);
    },
    get waiting() {
      return stream.writableLength;
    },
    end() {
      if (!ended) {
        ended = true;
        stream.end();
      }
      close();
    },
    fail,
  };
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
