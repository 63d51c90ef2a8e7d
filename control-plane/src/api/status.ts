import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import type { ErrorKind, FieldViolation, FlotillaError } from '@flotilla/kit';
import { BadRequest, ErrorInfo, Help, RetryInfo, Status } from '@flotilla/proto';

/** The only place that knows gRPC codes. */
const codes: Readonly<Record<ErrorKind, status>> = {
  'invalid-argument': status.INVALID_ARGUMENT,
  'not-found': status.NOT_FOUND,
  'already-exists': status.ALREADY_EXISTS,
  conflict: status.ABORTED,
  precondition: status.FAILED_PRECONDITION,
  permission: status.PERMISSION_DENIED,
  unauthenticated: status.UNAUTHENTICATED,
  exhausted: status.RESOURCE_EXHAUSTED,
  unavailable: status.UNAVAILABLE,
  timeout: status.DEADLINE_EXCEEDED,
  cancelled: status.CANCELLED,
  'out-of-range': status.OUT_OF_RANGE,
  'data-loss': status.DATA_LOSS,
  internal: status.INTERNAL,
};

/** The gRPC name of an error's code, for example NOT_FOUND. */
export function codeName(error: FlotillaError): string {
  return status[codes[error.kind]] ?? 'UNKNOWN';
}

export const errorDomain = 'flotilla.dev';
const detailsKey = 'grpc-status-details-bin';
/** gRPC carries details in a trailer; beyond about 8 KiB clients drop the whole answer. */
const violationsCharsMax = 2500;
const textMax = 1000;
const descriptionMax = 300;

/** An error as callers may see it: the cause and what is internal are never sent. */
export interface ShownError {
  readonly code: status;
  readonly message: string;
  /** Packed ErrorInfo, BadRequest, Help and RetryInfo, as far as there is something to say. */
  readonly details: readonly { readonly typeUrl: string; readonly value: Buffer }[];
}

/**
 * The error with its details as messages of google.rpc: ErrorInfo (stable reason, retry class), BadRequest (fields),
 * Help (what a person can do) and RetryInfo.
 */
export function showError(error: FlotillaError, reference: string): ShownError {
  const code = codes[error.kind];
  const inside = error.kind === 'internal';
  const message = inside ? `Something went wrong inside the server (reference ${reference}).` : cut(error.message);
  const remedy = inside
    ? `Look for ${reference} in the log of flotilla-server, and please report it.`
    : cut(error.remedy);
  return { code, message, details: detailsOf(error, remedy) };
}

/** An error as gRPC carries it: the code, and in `grpc-status-details-bin` a google.rpc.Status with the details. */
export function toServiceError(error: FlotillaError, reference: string): ServiceError {
  const { code, message, details } = showError(error, reference);
  const metadata = new Metadata();
  metadata.set(
    detailsKey,
    Buffer.from(Status.encode(Status.create({ code, message, details: [...details] })).finish()),
  );
  return Object.assign(new Error(message), { code, details: message, metadata });
}

function detailsOf(error: FlotillaError, remedy: string): ShownError['details'] {
  const info = ErrorInfo.create({
    reason: error.code,
    domain: errorDomain,
    metadata: { ...error.metadata, retry: error.retry },
  });
  const details = [packed('ErrorInfo', ErrorInfo.encode(info).finish())];
  const fieldViolations = fitting(error.violations);
  if (fieldViolations.length > 0) {
    details.push(packed('BadRequest', BadRequest.encode(BadRequest.create({ fieldViolations })).finish()));
  }
  if (remedy !== '') {
    details.push(packed('Help', Help.encode(Help.create({ links: [{ description: remedy, url: '' }] })).finish()));
  }
  if (error.retry === 'later') {
    const delay = { retryDelay: { seconds: 1n, nanos: 0 } };
    details.push(packed('RetryInfo', RetryInfo.encode(RetryInfo.create(delay)).finish()));
  }
  return details;
}

/** As many as fit, the first ones first. */
function fitting(violations: readonly FieldViolation[]): FieldViolation[] {
  let chars = 0;
  return violations
    .map(({ field, description }) => ({
      field: cut(field, descriptionMax),
      description: cut(description, descriptionMax),
    }))
    .filter(({ field, description }) => (chars += field.length + description.length) <= violationsCharsMax);
}

function packed(name: string, value: Uint8Array): { typeUrl: string; value: Buffer } {
  return { typeUrl: `type.googleapis.com/google.rpc.${name}`, value: Buffer.from(value) };
}

function cut(text: string, charsMax = textMax): string {
  return text.length > charsMax ? `${text.slice(0, charsMax - 1)}…` : text;
}
