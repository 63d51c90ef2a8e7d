import { FlotillaError, systemCode, toFlotillaError } from '@flotilla/kit';

/** What an error of SQLite means for the writer. */
export type SqliteFailure = 'full' | 'fatal' | 'damaged' | 'name-taken' | 'other';

export function classify(error: unknown): SqliteFailure {
  const code = systemCode(error) ?? '';
  if (code === 'SQLITE_FULL') return 'full';
  if (code.startsWith('SQLITE_IOERR') || code === 'SQLITE_READONLY' || code === 'SQLITE_CANTOPEN') return 'fatal';
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return 'damaged';
  if (code === 'SQLITE_CONSTRAINT_UNIQUE' || code === 'SQLITE_CONSTRAINT_PRIMARYKEY') return 'name-taken';
  return 'other';
}

export function storeFull(cause: unknown): FlotillaError {
  return new FlotillaError('STORE_FULL', 'the disk that holds the data directory is full; nothing was written', {
    kind: 'exhausted',
    retry: 'later',
    remedy: 'Free space on it. Writing resumes by itself.',
    cause,
  });
}

export function storeFailed(cause: unknown): FlotillaError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new FlotillaError('STORE_FAILED', `the database could not be written safely: ${text}`, {
    kind: 'data-loss',
    retry: 'never',
    remedy:
      'Check the disk (dmesg, smartctl). The server stops so that nothing is lost silently; start it again afterwards.',
    cause,
  });
}

export function storeDamaged(file: string, reason: string, cause?: unknown): FlotillaError {
  return new FlotillaError('STORE_DAMAGED', `${file} is damaged: ${reason}`, {
    kind: 'data-loss',
    retry: 'never',
    remedy: 'Restore a backup. Keep the damaged file. Enrolled machines and their clusters go on running meanwhile.',
    cause,
  });
}

/** What the caller of a commit gets for what SQLite said. */
export function toCommitError(error: unknown): FlotillaError {
  if (error instanceof FlotillaError) return error;
  switch (classify(error)) {
    case 'full':
      return storeFull(error);
    case 'fatal':
    case 'damaged':
      return storeFailed(error);
    case 'name-taken':
      return new FlotillaError('NAME_TAKEN', 'the name or id is already taken', {
        kind: 'already-exists',
        remedy: 'Choose another name.',
        cause: error,
      });
    case 'other':
      return toFlotillaError(error);
  }
}

/** A FlotillaError as plain data, to cross from the writer's thread. The cause stays behind. */
export interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly kind: FlotillaError['kind'];
  readonly retry: FlotillaError['retry'];
  readonly remedy: string;
  readonly violations: FlotillaError['violations'];
  readonly metadata: FlotillaError['metadata'];
}

export function toPlainError(error: FlotillaError): PlainError {
  const { code, message, kind, retry, remedy, violations, metadata } = error;
  return { code, message, kind, retry, remedy, violations, metadata };
}

export function fromPlainError(plain: PlainError): FlotillaError {
  return new FlotillaError(plain.code, plain.message, plain);
}
