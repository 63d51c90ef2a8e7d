import type { EventEmitter } from 'node:events';
import type {
  sendUnaryData,
  Server,
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  UntypedHandleCall,
} from '@grpc/grpc-js';
import { Malformed, tolerant } from './malformed.js';
import type { Method } from './methods.js';
import { callerGone, noteError, runCall, type Arrival, type Outcome, type ServeParts } from './run-call.js';
import { toServiceError } from './status.js';
import { duplexOf, sender } from './stream.js';

type AnyCall =
  ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>;

/** Registers methods of one service with gRPC, each behind the gate. */
export function serve(server: Server, methods: readonly Method[], parts: ServeParts): void {
  const wrapped: Record<string, ServiceDefinition[string]> = {};
  const implementation: Record<string, UntypedHandleCall> = {};
  for (const method of methods) {
    const decode = method.definition.requestDeserialize as (bytes: Buffer) => unknown;
    wrapped[method.name] = { ...method.definition, requestDeserialize: tolerant(decode, method.policy.bytesMax) };
    implementation[method.name] = wrap(method, parts);
  }
  server.addService(wrapped, implementation);
}

function wrap(method: Method, parts: ServeParts): UntypedHandleCall {
  const { title, handler } = method;
  if (method.definition.requestStream) {
    return (stream: ServerDuplexStream<unknown, unknown>) => {
      // Taken before anything is awaited, so that no early message or end is missed.
      const toError = (thrown: unknown, call: { reference: string; peer: string }) =>
        toServiceError(noteError(title, thrown, call, parts), call.reference);
      const duplex = duplexOf(stream, toError);
      void runCall(
        method,
        arrivalOf(stream),
        () => undefined,
        parts,
        (_, call) => handler(duplex, call),
      ).then((outcome) => {
        if (outcome.error) duplex.fail(serviceError(outcome));
      });
    };
  }
  if (method.definition.responseStream) {
    return (stream: ServerWritableStream<unknown, unknown>) => {
      const arrival = arrivalOf(stream);
      void runCall(
        method,
        arrival,
        () => readable(stream.request),
        parts,
        (request, call) => handler(request, sender(stream, call.signal), call),
      ).then((outcome) => {
        // 'error' makes grpc-js send the status; destroy would lose it.
        if (outcome.error) stream.emit('error', serviceError(outcome));
        else stream.end();
      });
    };
  }
  return (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => {
    void runCall(method, arrivalOf(call), () => readable(call.request), parts, handler).then((outcome) =>
      callback(outcome.error === undefined ? null : serviceError(outcome), outcome.value),
    );
  };
}

function readable(request: unknown): unknown {
  if (request instanceof Malformed) throw request.reason;
  return request;
}

function serviceError(outcome: Extract<Outcome, { readonly error: Error }>): ReturnType<typeof toServiceError> {
  return toServiceError(outcome.error, outcome.reference);
}

function arrivalOf(raw: AnyCall): Arrival {
  const gone = new AbortController();
  // The three kinds of call are emitters with overloads that do not unite.
  (raw as EventEmitter).on('cancelled', () => gone.abort(callerGone()));
  const [header] = raw.metadata.get('authorization');
  return {
    peer: raw.getPeer(),
    authorization: typeof header === 'string' ? header : undefined,
    signal: gone.signal,
  };
}
