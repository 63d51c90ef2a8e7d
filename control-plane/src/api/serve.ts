import {
  status,
  type sendUnaryData,
  type Server,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import type { EventEmitter } from 'node:events';
import { FlotillaError, randomText, toFlotillaError, type Clock, type Logger, type Random } from '@flotilla/kit';
import { actorOf } from '../access/identity.js';
import type { Call } from './call.js';
import { Malformed, tolerant } from './malformed.js';
import { duplexOf, sender } from './stream.js';
import type { Admitted, Gate } from './gate.js';
import type { RpcPolicy } from './policy.js';
import { toServiceError } from './status.js';

export interface ServeParts {
  readonly gate: Gate;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly onCall: (call: { readonly method: string; readonly code: string; readonly durationMs: number }) => void;
}

// The handlers are typed by ServiceHandlers; here, behind that type, one loop serves them all.
type AnyHandler = (...args: unknown[]) => Promise<unknown>;
type AnyCall =
  ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>;

/** Registers the methods of one service, each behind the gate. */
export function serve(
  server: Server,
  service: {
    readonly name: string;
    readonly definition: ServiceDefinition;
    readonly handlers: object;
    readonly policy: object;
  },
  parts: ServeParts,
): void {
  const wrapped: Record<string, ServiceDefinition[string]> = {};
  const implementation: Record<string, UntypedHandleCall> = {};
  const handlers = service.handlers as Readonly<Record<string, AnyHandler>>;
  const policies = service.policy as Readonly<Record<string, RpcPolicy>>;
  for (const [name, method] of Object.entries(service.definition)) {
    const policy = policies[name];
    const handler = handlers[name];
    // The types forbid it; a cast somewhere must not open a door.
    if (policy === undefined || handler === undefined)
      throw new Error(`${service.name}.${name} has no policy or handler`);
    const decode = method.requestDeserialize as (bytes: Buffer) => unknown;
    wrapped[name] = { ...method, requestDeserialize: tolerant(decode, policy.bytesMax) };
    const title = `${service.name}/${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    implementation[name] = wrap(
      title,
      method.requestStream,
      method.responseStream,
      policy,
      handler.bind(service.handlers),
      parts,
    );
  }
  server.addService(wrapped, implementation);
}

function wrap(
  title: string,
  requestStream: boolean,
  responseStream: boolean,
  policy: RpcPolicy,
  handler: AnyHandler,
  parts: ServeParts,
): UntypedHandleCall {
  if (requestStream) {
    return (stream: ServerDuplexStream<unknown, unknown>) => {
      // Taken before anything is awaited, so that no early message or end is missed.
      const duplex = duplexOf(stream, (error, call) => answerError(title, error, call, parts));
      void run(title, policy, stream, undefined, parts, (call) => handler(duplex, call)).then((outcome) => {
        if (outcome.error) duplex.fail(outcome.error);
      });
    };
  }
  if (responseStream) {
    return (stream: ServerWritableStream<unknown, unknown>) => {
      const handle = (call: Call): Promise<unknown> => handler(stream.request, sender(stream, call.signal), call);
      void run(title, policy, stream, stream.request, parts, handle).then((outcome) => {
        // 'error' makes grpc-js send the status; destroy would lose it.
        if (outcome.error) stream.emit('error', outcome.error);
        else stream.end();
      });
    };
  }
  return (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => {
    void run(title, policy, call, call.request, parts, (context) => handler(call.request, context)).then((outcome) =>
      callback(outcome.error ?? null, outcome.value),
    );
  };
}

type Outcome =
  | { readonly value: unknown; readonly error?: undefined }
  | { readonly value?: undefined; readonly error: ReturnType<typeof toServiceError> };

/** Gate, handler, errors, numbers: the same for every kind of method. Never rejects. */
async function run(
  title: string,
  policy: RpcPolicy,
  raw: AnyCall,
  request: unknown,
  parts: ServeParts,
  handle: (call: Call) => Promise<unknown>,
): Promise<Outcome> {
  const startedAtMs = parts.clock.now().monotonicMs;
  const base = baseCall(title, raw, parts);
  let admitted: Admitted | undefined;
  let code = 'OK';
  try {
    if (request instanceof Malformed) throw request.reason;
    admitted = await parts.gate.admit({ ...base, policy, metadata: raw.metadata, project: projectOf(request) });
    const { identity, project } = admitted;
    const value = await handle({
      ...base,
      actor: actorOf(identity),
      ...(identity.kind === 'api-key' ? { caller: identity } : {}),
      ...(identity.kind === 'machine' ? { machine: identity } : {}),
      ...(project === undefined ? {} : { project }),
    });
    return { value };
  } catch (thrown) {
    const error = answerError(title, thrown, base, parts);
    code = status[error.code] ?? 'UNKNOWN';
    return { error };
  } finally {
    admitted?.done();
    parts.onCall({ method: title, code, durationMs: parts.clock.now().monotonicMs - startedAtMs });
  }
}

function baseCall(title: string, raw: AnyCall, parts: ServeParts): Omit<Call, 'actor'> {
  const gone = new AbortController();
  // The three kinds of call are emitters with overloads that do not unite.
  (raw as EventEmitter).on('cancelled', () =>
    gone.abort(new FlotillaError('CANCELLED', 'The caller went away.', { kind: 'cancelled' })),
  );
  const peer = raw.getPeer();
  return {
    method: title,
    reference: randomText(10, parts.random),
    peer,
    remoteAddress: peer.replace(/:\d+$/, '').replace(/^::ffff:/, ''),
    nowMs: parts.clock.now().wallMs,
    signal: gone.signal,
  };
}

function answerError(
  title: string,
  thrown: unknown,
  call: { readonly reference: string; readonly peer: string },
  parts: ServeParts,
): ReturnType<typeof toServiceError> {
  const error = toFlotillaError(thrown);
  const facts = { method: title, peer: call.peer, code: error.code, reference: call.reference };
  if (error.kind === 'internal' || error.kind === 'data-loss') {
    parts.log.error({ ...facts, err: error.message, stack: causeOf(error) }, 'a call failed inside');
  } else {
    parts.log.debug({ ...facts, err: error.message }, 'a call was refused');
  }
  return toServiceError(error, call.reference);
}

function causeOf(error: FlotillaError): string {
  const cause = error.cause instanceof Error ? error.cause : error;
  return cause.stack ?? String(cause);
}

function projectOf(request: unknown): string | undefined {
  if (typeof request !== 'object' || request === null || !('project' in request)) return undefined;
  return typeof request.project === 'string' ? request.project : undefined;
}
