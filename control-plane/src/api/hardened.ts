import {
  status,
  type Server,
  type ServiceDefinition,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { Malformed, tolerant } from './malformed.js';

const bytesMax = 16 * 1024;

/** A stand-in for the server that hardens what is added: gRPC answers bytes that are no message with INTERNAL. */
export function hardened(server: Pick<Server, 'addService'>): Server {
  const addService = (definition: ServiceDefinition, implementation: UntypedServiceImplementation): void => {
    const safeDefinition: Record<string, ServiceDefinition[string]> = {};
    const safe: Record<string, UntypedHandleCall> = {};
    for (const [name, method] of Object.entries(definition)) {
      const decode = method.requestDeserialize as (bytes: Buffer) => unknown;
      safeDefinition[name] = { ...method, requestDeserialize: tolerant(decode, bytesMax) };
      // Libraries name their handlers as the proto does or in camel case; the definition tells both.
      const handler = implementation[name] ?? implementation[method.originalName ?? ''];
      if (handler !== undefined) safe[name] = guarded(handler, method.requestStream, method.responseStream);
    }
    server.addService(safeDefinition, safe);
  };
  // Nothing but addService is called on it.
  return { addService } as unknown as Server;
}

const refusal = { code: status.INVALID_ARGUMENT, details: 'The request is not a message of this method.' };

function guarded(handler: UntypedHandleCall, requestStream: boolean, responseStream: boolean): UntypedHandleCall {
  // Their types are theirs; what is relied on is gRPC's calling convention.
  const run = handler as unknown as (call: unknown, callback?: unknown) => void;
  if (requestStream) return (call: StreamCall) => run(watched(call));
  if (responseStream) {
    return (call: StreamCall & { request: unknown }) => {
      if (call.request instanceof Malformed) call.emit('error', malformedError());
      else run(call);
    };
  }
  return (call: { request: unknown }, callback: (error: typeof refusal) => void) => {
    if (call.request instanceof Malformed) callback(refusal);
    else run(call, callback);
  };
}

type Listener = (value: unknown) => void;

interface StreamCall {
  on: (name: string, listener: Listener) => unknown;
  emit(name: string, value: unknown): boolean;
}

/** The same stream, whose listeners never see a message that is none. */
function watched(call: StreamCall): StreamCall {
  const on = call.on.bind(call);
  call.on = (name, listener) =>
    on(name, (value) => {
      if (name === 'data' && value instanceof Malformed) call.emit('error', malformedError());
      else listener(value);
    });
  return call;
}

function malformedError(): Error {
  return Object.assign(new Error(refusal.details), refusal);
}
