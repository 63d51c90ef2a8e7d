import { reasonOf, type Clock, type Instant } from '@flotilla/kit';
import type { Kernel, Process } from './kernel.js';

/** The clock of one process: virtual monotonic time, and a wall clock that can be wrong by `skewMs`. */
export function processClock(kernel: Kernel, owner: Process, skewMs: () => number = () => 0): Clock {
  return {
    now: (): Instant => ({ monotonicMs: kernel.nowMs, wallMs: kernel.startWallMs + kernel.nowMs + skewMs() }),
    sleep: (durationMs, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) {
          reject(reasonOf(signal));
          return;
        }
        const timer = kernel.at(
          durationMs,
          () => {
            signal?.removeEventListener('abort', onAbort);
            resolve();
          },
          owner,
        );
        const onAbort = (): void => {
          timer.cancel();
          reject(reasonOf(signal));
        };
        signal?.addEventListener('abort', onAbort, { once: true });
      }),
  };
}
