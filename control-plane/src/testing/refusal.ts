import { seenError, type SeenError } from './operator.js';

/** What a call was refused with; fails when it was not. */
export async function refusal(work: Promise<unknown>): Promise<SeenError> {
  return seenError(
    await work.then(
      () => new Error('it worked'),
      (error: unknown) => error,
    ),
  );
}
