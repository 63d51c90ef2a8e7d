import { FlotillaError, systemCode, type ErrorKind, type FlotillaErrorOptions, type RetryClass } from '@flotilla/kit';
import type { KubeErrorCode } from './contract.js';
import { JsonReader } from './read.js';

/** What a failed answer of the API server said. */
export interface KubeFailure {
  readonly status: number;
  /** Kubernetes' own word, such as `NotFound`; empty when the body is no Status. */
  readonly reason: string;
  readonly message: string;
  /** The answer is a Status object, thus of an API server and not of something in between. */
  readonly isStatus: boolean;
  readonly retryAfterMs: number | undefined;
  /** The disruption budget that refuses, when the answer names it. */
  readonly budget?: string;
}

interface Meaning {
  readonly code: KubeErrorCode;
  readonly kind: ErrorKind;
  readonly retry?: RetryClass;
  readonly remedy?: string;
}

const unreachable: Meaning = { code: 'KUBE_UNREACHABLE', kind: 'unavailable' };
const tooLarge: Meaning = { code: 'KUBE_TOO_LARGE', kind: 'exhausted' };
const throttled: Meaning = { code: 'KUBE_THROTTLED', kind: 'exhausted', retry: 'later' };
const timedOut: Meaning = { code: 'KUBE_TIMEOUT', kind: 'timeout' };
const conflict: Meaning = { code: 'KUBE_CONFLICT', kind: 'conflict', retry: 'now' };
const expired: Meaning = { code: 'KUBE_EXPIRED', kind: 'conflict', retry: 'now' };
const invalid: Meaning = { code: 'KUBE_INVALID', kind: 'invalid-argument' };

const byStatus: Readonly<Record<number, Meaning>> = {
  400: invalid,
  401: {
    code: 'KUBE_UNAUTHENTICATED',
    kind: 'unauthenticated',
    remedy: 'The credentials of this cluster are expired or revoked: renew them.',
  },
  403: {
    code: 'KUBE_FORBIDDEN',
    kind: 'permission',
    remedy: 'Give the identity of these credentials the missing right.',
  },
  404: { code: 'KUBE_NOT_FOUND', kind: 'not-found' },
  408: timedOut,
  409: conflict,
  410: expired,
  413: tooLarge,
  422: invalid,
  429: throttled,
  502: unreachable,
  503: unreachable,
  504: timedOut,
};

/** The answer was a refusal; the caller may know better what it means. */
export class RefusedAnswer extends Error {
  override readonly name = 'RefusedAnswer';
  constructor(
    readonly failure: KubeFailure,
    readonly what: string,
  ) {
    super(failure.message);
  }

  toError(): FlotillaError {
    return failureError(this.failure, this.what);
  }
}

/** A connection kept from an earlier call failed before any answer. */
export class StaleConnection extends Error {
  constructor(override readonly cause: Error) {
    super(cause.message);
  }
}

/** Reads a failed answer; a body that is no Status is kept as text, cut short. */
export function parseFailure(status: number, body: string, retryAfter: string | undefined): KubeFailure {
  const seconds = retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : undefined;
  const retryAfterMs = seconds === undefined ? undefined : seconds * 1000;
  try {
    const answer = new JsonReader(JSON.parse(body), 'Status');
    if (answer.text('kind') !== 'Status') throw new Error('no Status');
    const message = answer.text('message').slice(0, 2000);
    const budget = budgetOf(answer);
    const named = budget === undefined ? {} : { budget };
    return { status, reason: answer.text('reason'), message, isStatus: true, retryAfterMs, ...named };
  } catch {
    return { status, reason: '', message: body.trim().slice(0, 4000), isStatus: false, retryAfterMs };
  }
}

/** Only a sentence names it: "The disruption budget web needs 2 healthy pods and has 2 currently". */
function budgetOf(answer: JsonReader): string | undefined {
  const causes = answer.object('details').list('causes', (cause) => ({
    reason: cause.text('reason'),
    message: cause.text('message'),
  }));
  const message = causes.find(({ reason }) => reason === 'DisruptionBudget')?.message ?? '';
  return /disruption budget ([a-z0-9][a-z0-9.-]{0,252})/i.exec(message)?.[1];
}

/** The error of a failed answer. */
export function failureError(failure: KubeFailure, what: string): FlotillaError {
  const meaning = meaningOf(failure);
  const said = failure.message.slice(0, 500) || failure.reason || 'no reason given';
  const metadata: Record<string, string> = { status: String(failure.status) };
  if (failure.reason !== '') metadata['reason'] = failure.reason;
  if (failure.retryAfterMs !== undefined) metadata['retryAfterMs'] = String(failure.retryAfterMs);
  return kubeError(meaning, `Kubernetes refused to ${what}: ${said} (HTTP ${failure.status})`, { metadata });
}

function meaningOf({ status, reason }: KubeFailure): Meaning {
  if (status === 409 && reason === 'AlreadyExists') return { code: 'KUBE_ALREADY_EXISTS', kind: 'already-exists' };
  // The reason outranks the status: watch errors come without a status of their own, timeouts also as 500.
  if (reason === 'Expired' || reason === 'Gone') return expired;
  if (reason === 'Timeout' || reason === 'ServerTimeout') return timedOut;
  const known = byStatus[status];
  if (known !== undefined) return known;
  if (status >= 300 && status < 400) {
    return {
      code: 'KUBE_BAD_ANSWER',
      kind: 'internal',
      remedy: 'Point the endpoint at the API server itself: redirects are not followed.',
    };
  }
  return { code: 'KUBE_SERVER_ERROR', kind: 'unavailable' };
}

/** The error of a connection that failed before or while an answer came. */
export function connectionError(cause: unknown, what: string): FlotillaError {
  if (cause instanceof FlotillaError) return cause;
  const code = systemCode(cause) ?? '';
  const text = cause instanceof Error ? cause.message : String(cause);
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ALTNAME/.test(code)) {
    const meaning: Meaning = {
      code: 'KUBE_TLS_UNTRUSTED',
      kind: 'unavailable',
      remedy:
        'Something else answers at this address, or the CA of the cluster was replaced. Check the endpoint and the CA.',
    };
    return kubeError(meaning, `Could not ${what}: the certificate of the API server is not trusted: ${text}`, {
      cause,
    });
  }
  return kubeError(unreachable, `Could not ${what}: ${text}${code === '' || text.includes(code) ? '' : ` (${code})`}`, {
    cause,
    remedy: 'Check that the API server runs and that its port can be reached from here.',
  });
}

/** The deadline of a call passed. */
export function deadlineError(timeoutMs: number, what: string): FlotillaError {
  return kubeError(timedOut, `Kubernetes did not ${what} within ${timeoutMs} ms`, {});
}

/** The caller gave up. */
export function cancelledError(what: string): FlotillaError {
  return kubeError({ code: 'KUBE_CANCELLED', kind: 'cancelled' }, `Stopped before Kubernetes could ${what}`, {});
}

/** An answer is beyond the cap. */
export function tooLargeError(what: string, limit: string): FlotillaError {
  return kubeError(tooLarge, `Kubernetes' answer to ${what} is beyond ${limit}`, {});
}

/** What is there is not what the caller decided upon. */
export function conflictError(message: string, cause?: unknown): FlotillaError {
  return kubeError(conflict, message, { remedy: 'Look again and decide anew.', cause });
}

/** No such apiVersion and kind. */
export function unknownKindError(apiVersion: string, kind: string): FlotillaError {
  const meaning: Meaning = {
    code: 'KUBE_UNKNOWN_KIND',
    kind: 'precondition',
    retry: 'later',
    remedy: 'Install what defines this kind first, or correct apiVersion and kind.',
  };
  return kubeError(meaning, `The cluster knows no ${kind} in ${apiVersion}`, {});
}

function kubeError(meaning: Meaning, message: string, options: FlotillaErrorOptions): FlotillaError {
  return new FlotillaError(meaning.code, message, {
    kind: meaning.kind,
    ...(meaning.retry === undefined ? {} : { retry: meaning.retry }),
    ...(meaning.remedy === undefined ? {} : { remedy: meaning.remedy }),
    ...options,
  });
}
