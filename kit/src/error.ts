/**
 * What kind of thing went wrong. `control-plane/src/api/status.ts` alone maps it to gRPC codes, `cli/src/main.ts` alone
 * to exit codes.
 */
export type ErrorKind =
  | 'invalid-argument'
  | 'not-found'
  | 'already-exists'
  | 'conflict'
  | 'precondition'
  | 'permission'
  | 'unauthenticated'
  | 'exhausted'
  | 'unavailable'
  | 'timeout'
  | 'cancelled'
  | 'out-of-range'
  | 'data-loss'
  | 'internal';

/** Whether trying again can help: never, at once, or later (with backoff). */
export type RetryClass = 'never' | 'now' | 'later';

/** One thing wrong with one field of the input. */
export interface FieldViolation {
  /** Path as the user wrote it, for example `spec.size`. */
  readonly field: string;
  readonly description: string;
}

export interface FlotillaErrorOptions {
  readonly kind?: ErrorKind;
  readonly retry?: RetryClass;
  /** What a person can do, in the imperative. */
  readonly remedy?: string;
  readonly violations?: readonly FieldViolation[];
  /** Facts for machines; never secrets. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** For logs only, never sent. */
  readonly cause?: unknown;
}

/** The one error that crosses a part's border: a stable code, the reason, and the cure. */
export class FlotillaError extends Error {
  override readonly name = 'FlotillaError';
  /** UPPER_SNAKE, stable, for example SWAP_ON. */
  readonly code: string;
  readonly kind: ErrorKind;
  readonly retry: RetryClass;
  readonly remedy: string;
  readonly violations: readonly FieldViolation[];
  readonly metadata: Readonly<Record<string, string>>;

  constructor(code: string, message: string, options: FlotillaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.kind = options.kind ?? 'internal';
    this.retry = options.retry ?? (this.kind === 'unavailable' || this.kind === 'timeout' ? 'later' : 'never');
    this.remedy = options.remedy ?? '';
    this.violations = options.violations ?? [];
    this.metadata = options.metadata ?? {};
  }
}

/** The one door for unknown thrown values: a FlotillaError stays itself, anything else becomes INTERNAL. */
export function toFlotillaError(value: unknown): FlotillaError {
  if (value instanceof FlotillaError) return value;
  const message = value instanceof Error ? value.message : String(value);
  return new FlotillaError('INTERNAL', message, { kind: 'internal', cause: value });
}

/** Refuses input with every problem at once. */
export function invalidArgument(violations: readonly FieldViolation[], remedy = ''): FlotillaError {
  const message = violations.map((v) => `${v.field} ${v.description}`).join('; ');
  return new FlotillaError('INVALID_ARGUMENT', message, { kind: 'invalid-argument', violations, remedy });
}

/** The system code of a Node error (`ENOENT`, `ECONNREFUSED`, …), or undefined. */
export function systemCode(value: unknown): string | undefined {
  if (value instanceof Error && 'code' in value && typeof value.code === 'string') return value.code;
  return undefined;
}
