import type { ProjectRecord } from '@flotilla/core';
import type { Role } from '@flotilla/proto';
import type { ApiKeyIdentity, MachineIdentity } from '../access/identity.js';
import type {
  AnonymousPolicy,
  InstancePolicy,
  MachinePolicy,
  ProjectPolicy,
  RpcPolicy,
  rpcPolicy,
  Services,
} from './policy.js';

/** What every handler knows of its call. */
export interface Call {
  /** `Service/Method`. */
  readonly method: string;
  /** For logs and the answer of an internal error. */
  readonly reference: string;
  /** `address:port` of the connection. */
  readonly peer: string;
  readonly remoteAddress: string;
  /** Wall time of the call. */
  readonly nowMs: number;
  /** For the audit log. */
  readonly actor: string;
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal;
}

/** An operator's call; the role was checked. */
export interface InstanceCall extends Call {
  readonly caller: ApiKeyIdentity;
}

/** An operator's call in a project that exists and in which the role was checked. */
export interface ProjectCall extends InstanceCall {
  readonly project: ProjectRecord;
  /** The caller's role in that project. */
  readonly role: Role;
}

/** An agent's call. */
export interface MachineCall extends Call {
  readonly machine: MachineIdentity;
}

type CallOf<P> = P extends ProjectPolicy
  ? ProjectCall
  : P extends InstancePolicy
    ? InstanceCall
    : P extends MachinePolicy
      ? MachineCall
      : P extends AnonymousPolicy
        ? Call
        : never;

/** One side of a stream that both sides talk on. Calls to the callbacks come one at a time. */
export interface Duplex<Req, Res> {
  /** Set before the first message is read. Throwing ends the stream with that error. */
  onMessage(listener: (message: Req) => void): void;
  /** Called once, when the other side ended or vanished. */
  onClose(listener: () => void): void;
  /** False when the other side reads too slowly: what may be left out should be. */
  send(message: Res): boolean;
  /** Bytes are not counted by gRPC; messages that wait to be sent are. */
  readonly waiting: number;
  /** Ends the stream well. */
  end(): void;
  /** Ends it with an error. */
  fail(error: unknown): void;
}

interface Definition {
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  requestDeserialize(value: Buffer): unknown;
  responseSerialize(value: never): Buffer;
}

type RequestOf<D extends Definition> = ReturnType<D['requestDeserialize']>;
type ResponseOf<D extends Definition> = Parameters<D['responseSerialize']>[0];

/** How a method is written: parse, ask, answer. Errors are thrown; codes live in status.ts. */
export type Handler<D extends Definition, P> = D['requestStream'] extends true
  ? (stream: Duplex<RequestOf<D>, ResponseOf<D>>, call: CallOf<P>) => Promise<void>
  : D['responseStream'] extends true
    ? (request: RequestOf<D>, send: (message: ResponseOf<D>) => Promise<void>, call: CallOf<P>) => Promise<void>
    : (request: RequestOf<D>, call: CallOf<P>) => Promise<ResponseOf<D>>;

type Policies = typeof rpcPolicy;

/** All methods of one service. */
export type ServiceHandlers<S extends keyof Services> = {
  readonly [M in keyof Services[S] & keyof Policies[S]]: Services[S][M] extends Definition
    ? Policies[S][M] extends RpcPolicy
      ? Handler<Services[S][M], Policies[S][M]>
      : never
    : never;
};

/** All methods there are. */
export type AllHandlers = { readonly [S in keyof Services]: ServiceHandlers<S> };
