import type { status } from '@grpc/grpc-js';

/** An error as the server sends it. */
export class FakeFailure extends Error {
  constructor(
    readonly code: status,
    readonly reason: string,
    message: string,
    readonly remedy = '',
    readonly violations: readonly { field: string; description: string }[] = [],
  ) {
    super(message);
  }
}
