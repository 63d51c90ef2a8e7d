import { FlotillaError, randomText, toFlotillaError, type Clock, type Logger, type Random } from '@flotilla/kit';
import type { Call } from './call.js';
import type { Admitted, Gate } from './gate.js';
import type { Method } from './methods.js';
import { codeName } from './status.js';

export interface ServeParts {
  readonly gate: Gate;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly onCall: (call: { readonly method: string; readonly code: string; readonly durationMs: number }) => void;
}

/** What a door knows of a call before anybody is asked who it is. */
export interface Arrival {
  /** `address:port` of the connection. */
  readonly peer: string;
  readonly authorization: string | undefined;
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal;
}

/** A call that was let through or refused, and what came of it. The error is to be shown with the reference. */
export type Outcome =
  | { readonly value: unknown; readonly error?: undefined }
  | { readonly value?: undefined; readonly error: FlotillaError; readonly reference: string };

/**
 * Gate, handler, errors, numbers: the same for every door and every kind of method. Never rejects. `request` gives the
 * message or throws why there is none; undefined for streams of requests.
 */
export async function runCall(
  method: Method,
  arrival: Arrival,
  request: () => unknown,
  parts: ServeParts,
  handle: (request: unknown, call: Call) => Promise<unknown>,
): Promise<Outcome> {
  const startedAtMs = parts.clock.now().monotonicMs;
  const base = baseCall(method.title, arrival, parts);
  let admitted: Admitted | undefined;
  let code = 'OK';
  try {
    const message = request();
    const { authorization } = arrival;
    admitted = await parts.gate.admit({ ...base, policy: method.policy, authorization, project: projectOf(message) });
    const { identity, project, role, actor } = admitted;
    const value = await handle(message, {
      ...base,
      actor,
      ...(identity.kind === 'api-key' ? { caller: identity } : {}),
      ...(identity.kind === 'machine' ? { machine: identity } : {}),
      ...(project === undefined ? {} : { project, role }),
    });
    return { value };
  } catch (thrown) {
    const error = noteError(method.title, thrown, base, parts);
    code = codeName(error);
    return { error, reference: base.reference };
  } finally {
    admitted?.done();
    parts.onCall({ method: method.title, code, durationMs: parts.clock.now().monotonicMs - startedAtMs });
  }
}

function baseCall(title: string, { peer, signal }: Arrival, parts: ServeParts): Omit<Call, 'actor'> {
  return {
    method: title,
    reference: randomText(10, parts.random),
    peer,
    remoteAddress: peer.replace(/:\d+$/, '').replace(/^::ffff:/, ''),
    nowMs: parts.clock.now().wallMs,
    signal,
  };
}

/** What was thrown, as a FlotillaError; the log gets what the caller does not. */
export function noteError(
  title: string,
  thrown: unknown,
  call: { readonly reference: string; readonly peer: string },
  parts: Pick<ServeParts, 'log'>,
): FlotillaError {
  const error = toFlotillaError(thrown);
  const facts = { method: title, peer: call.peer, code: error.code, reference: call.reference };
  if (error.kind === 'internal' || error.kind === 'data-loss') {
    parts.log.error({ ...facts, err: error.message, stack: causeOf(error) }, 'a call failed inside');
  } else {
    parts.log.debug({ ...facts, err: error.message }, 'a call was refused');
  }
  return error;
}

/** The reason of a signal for a caller that went away. */
export function callerGone(): FlotillaError {
  return new FlotillaError('CANCELLED', 'The caller went away.', { kind: 'cancelled' });
}

function causeOf(error: FlotillaError): string {
  const cause = error.cause instanceof Error ? error.cause : error;
  return cause.stack ?? String(cause);
}

function projectOf(request: unknown): string | undefined {
  if (typeof request !== 'object' || request === null || !('project' in request)) return undefined;
  return typeof request.project === 'string' ? request.project : undefined;
}
