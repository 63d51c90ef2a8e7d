/** What the fake answers instead of an object. */
export class FakeRefusal extends Error {
  override readonly name = 'FakeRefusal';
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
  }

  /** The body, as Kubernetes would write it. */
  toStatus(): string {
    const { status: code, reason, message } = this;
    return JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code });
  }
}
