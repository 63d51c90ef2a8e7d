import { TestbedError } from '../pure/errors.js';

const POLL_MS = 100;

export async function sleep(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, ms);
  });
}

export function nowMs(): number {
  return performance.now();
}

/**
 * Asks until the answer is neither null nor false.
 * @throws TestbedError TIMEOUT that names what was waited for
 */
export async function waitFor<T>(
  what: string,
  timeoutMs: number,
  ask: () => Promise<T | null | false> | T | null | false,
): Promise<T> {
  const end = nowMs() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== false) return answer;
    if (nowMs() > end)
      throw new TestbedError('TIMEOUT', `${what}: not within ${String(Math.round(timeoutMs / 1000))} s`);
    await sleep(POLL_MS);
  }
}
