/** What the fake answers instead of an object. */
export class FakeRefusal extends Error {
  override readonly name = 'FakeRefusal';
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
    readonly retryAfterSeconds?: number,
    readonly causes: readonly { readonly reason: string; readonly message: string }[] = [],
  ) {
    super(message);
  }

  /** The body, as Kubernetes would write it. */
  toStatus(): string {
    const { status: code, reason, message, causes } = this;
    const details = causes.length === 0 ? {} : { details: { causes } };
    const base = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' };
    return JSON.stringify({ ...base, message, reason, ...details, code });
  }
}
