/** Why the test bed refused or failed, in words a person can act on. */
export class TestbedError extends Error {
  readonly code: string;
  /** What to do about it; empty when nothing but reading the message helps. */
  readonly remedy: string;

  constructor(code: string, message: string, remedy = '') {
    super(message);
    this.name = 'TestbedError';
    this.code = code;
    this.remedy = remedy;
  }
}

/** Any thrown value as one line of text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
