import {
  status,
  type Server,
  type ServiceDefinition,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { descriptorSetBase64 } from '@flotilla/proto';
import { HealthImplementation } from 'grpc-health-check';
import { Malformed, tolerant } from './malformed.js';

const bytesMax = 16 * 1024;

/**
 * grpc.health.v1 and server reflection. Both are open to everybody who reaches the port: they say what the published
 * protos say, and whether we are ready. Returns how readiness is told.
 */
export function addInfraServices(server: Server, serviceNames: readonly string[]): (ready: boolean) => void {
  const health = new HealthImplementation(
    Object.fromEntries(['', ...serviceNames].map((name) => [name, 'NOT_SERVING'])),
  );
  health.addToServer(hardened(server));
  const image = Buffer.from(descriptorSetBase64, 'base64');
  new ReflectionService(loadFileDescriptorSetFromBuffer(image)).addToServer(hardened(server));
  return (ready) => {
    for (const name of ['', ...serviceNames]) health.setStatus(name, ready ? 'SERVING' : 'NOT_SERVING');
  };
}

/** A stand-in for the server that hardens what is added: libraries answer bytes that are no message with INTERNAL. */
function hardened(server: Server): Server {
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
  // The two libraries call nothing but addService.
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
