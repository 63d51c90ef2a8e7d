import { status, type ServiceError } from '@grpc/grpc-js';
import { FlotillaError, type RetryClass } from '@flotilla/kit';

interface Meaning {
  readonly code: string;
  readonly retry: RetryClass;
  readonly remedy: string;
}

const newToken =
  "Create a new token on the operator's machine (flotilla token create) and run the install command it prints.";

const meanings: Readonly<Partial<Record<status, Meaning>>> = {
  [status.UNAUTHENTICATED]: { code: 'TOKEN_REFUSED', retry: 'later', remedy: newToken },
  [status.PERMISSION_DENIED]: { code: 'TOKEN_REFUSED', retry: 'later', remedy: newToken },
  [status.ALREADY_EXISTS]: {
    code: 'NAME_TAKEN',
    retry: 'later',
    remedy:
      'Another machine of the project has this name. Rename this host (hostnamectl set-hostname), or remove the other machine.',
  },
  [status.RESOURCE_EXHAUSTED]: { code: 'SERVER_BUSY', retry: 'later', remedy: 'It is tried again by itself.' },
  [status.INVALID_ARGUMENT]: {
    code: 'REQUEST_REFUSED',
    retry: 'later',
    remedy: 'Run the same release of flotilla-server and flotilla-agent.',
  },
  [status.UNIMPLEMENTED]: {
    code: 'SERVER_TOO_OLD',
    retry: 'later',
    remedy: 'Upgrade flotilla-server, or install the agent of its release.',
  },
};

const identityRefused: Meaning = {
  code: 'IDENTITY_REFUSED',
  retry: 'later',
  remedy: `The control plane does not take this machine's certificate. ${newToken}`,
};

/** An error of a call as ours; the server's sentence stays, its cure is added. `as` is what the caller showed: a token, or a certificate. */
export function fromRpcError(
  error: ServiceError,
  server: string,
  as: 'token' | 'certificate' = 'token',
): FlotillaError {
  const unknown = error.code === status.UNAUTHENTICATED || error.code === status.PERMISSION_DENIED;
  const meaning = unknown && as === 'certificate' ? identityRefused : meanings[error.code];
  const text = error.details === '' ? (status[error.code] ?? 'unknown') : error.details;
  if (meaning === undefined) {
    return new FlotillaError('SERVER_UNREACHABLE', `${server}: ${text}`, {
      kind: 'unavailable',
      remedy: 'It is tried again by itself; check that this host reaches that address and port.',
      cause: error,
    });
  }
  return new FlotillaError(meaning.code, text, {
    kind: 'unauthenticated',
    retry: meaning.retry,
    remedy: meaning.remedy,
    cause: error,
  });
}
