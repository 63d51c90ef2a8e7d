import { BadRequest, ErrorInfo, Help, Status } from '@flotilla/proto';
import { type ServiceError, status } from '@grpc/grpc-js';
import { type ErrorKind, type FieldViolation, FlotillaError, type RetryClass } from '@flotilla/kit';

/** Whom we talked to, for the text of errors. */
export interface Peer {
  readonly server: string;
  readonly contextName: string;
}

const kinds: Readonly<Record<number, ErrorKind>> = {
  [status.INVALID_ARGUMENT]: 'invalid-argument',
  [status.NOT_FOUND]: 'not-found',
  [status.ALREADY_EXISTS]: 'already-exists',
  [status.ABORTED]: 'conflict',
  [status.FAILED_PRECONDITION]: 'precondition',
  [status.PERMISSION_DENIED]: 'permission',
  [status.UNAUTHENTICATED]: 'unauthenticated',
  [status.RESOURCE_EXHAUSTED]: 'exhausted',
  [status.UNAVAILABLE]: 'unavailable',
  [status.DEADLINE_EXCEEDED]: 'timeout',
  [status.CANCELLED]: 'cancelled',
  [status.OUT_OF_RANGE]: 'out-of-range',
  [status.DATA_LOSS]: 'data-loss',
};

const retryClasses: readonly RetryClass[] = ['never', 'now', 'later'];

/** Cures for what the server could not say itself, because it is not there or too old. */
const remedies: Partial<Record<ErrorKind, string>> = {
  unauthenticated: 'Log in again: flotilla login --from <admin.json>',
  timeout: 'Try again, or allow more time: --request-timeout 2m',
};

/** What a failed call means: code, reason and cure as the server sent them in `grpc-status-details-bin`. */
export function fromServiceError(error: ServiceError, peer: Peer): FlotillaError {
  const details = detailsOf(error);
  const kind = kinds[error.code] ?? 'internal';
  if (details.reason === undefined && kind === 'unavailable') return unreachable(error, peer);
  if (details.reason === undefined && error.code === status.UNIMPLEMENTED) {
    return new FlotillaError('NOT_IMPLEMENTED', `${peer.server} does not know this call`, {
      remedy: 'The server is older than this command. Compare: flotilla version',
      cause: error,
    });
  }
  return new FlotillaError(details.reason ?? status[error.code] ?? 'UNKNOWN', error.details, {
    kind,
    remedy: details.remedy ?? remedies[kind] ?? '',
    violations: details.violations,
    metadata: details.metadata,
    ...(details.retry === undefined ? {} : { retry: details.retry }),
    cause: error,
  });
}

interface Details {
  reason?: string;
  retry?: RetryClass | undefined;
  remedy?: string;
  violations: FieldViolation[];
  metadata: Record<string, string>;
}

function detailsOf(error: ServiceError): Details {
  const details: Details = { violations: [], metadata: {} };
  const [bytes] = error.metadata?.get('grpc-status-details-bin') ?? [];
  if (!Buffer.isBuffer(bytes)) return details;
  try {
    for (const any of Status.decode(bytes).details) readDetail(any.typeUrl, any.value, details);
  } catch {
    // Not what was agreed: the code and the text of the call are still true.
  }
  return details;
}

function readDetail(typeUrl: string, value: Uint8Array, details: Details): void {
  switch (typeUrl.slice(typeUrl.lastIndexOf('/') + 1)) {
    case 'google.rpc.ErrorInfo': {
      const info = ErrorInfo.decode(value);
      if (info.reason !== '') details.reason = info.reason;
      const { retry, ...metadata } = info.metadata;
      details.metadata = metadata;
      details.retry = retryClasses.find((each) => each === retry);
      break;
    }
    case 'google.rpc.BadRequest':
      details.violations.push(...BadRequest.decode(value).fieldViolations);
      break;
    case 'google.rpc.Help': {
      const text = Help.decode(value)
        .links.map((link) => link.description)
        .filter((each) => each !== '');
      if (text.length > 0) details.remedy = text.join('\n');
      break;
    }
    default:
  }
}

function unreachable(error: ServiceError, peer: Peer): FlotillaError {
  const cause = error.details
    .replace(/^No connection established\. Last error: (Error: )?/, '')
    .replace(/\.? Resolution note:.*$/, '');
  if (/certificate|self.signed|altname|unable to verify/i.test(cause)) {
    return new FlotillaError(
      'SERVER_NOT_TRUSTED',
      `what answers at ${peer.server} is not the server of context ${peer.contextName}: ${cause}`,
      {
        kind: 'unauthenticated',
        remedy:
          'If the server was set up anew or its address changed, log in again: flotilla login --from <admin.json>. Otherwise somebody may be in between.',
        cause: error,
      },
    );
  }
  return new FlotillaError('SERVER_UNREACHABLE', `no answer from ${peer.server}: ${cause}`, {
    kind: 'unavailable',
    remedy: `Is flotilla-server running, and its port open from here? This is context ${peer.contextName}; others: flotilla config contexts`,
    cause: error,
  });
}
