import type { Random } from './random.js';

export interface BackoffOptions {
  readonly delayMsMin: number;
  readonly delayMsMax: number;
  /** Growth per attempt; 2 unless told. */
  readonly factor?: number;
}

/** The undisturbed delay before attempt `attemptIndex` + 1 (0 = after the first failure). */
export function backoffDelayMs(attemptIndex: number, options: BackoffOptions): number {
  const grown = options.delayMsMin * (options.factor ?? 2) ** Math.min(attemptIndex, 60);
  return Math.min(options.delayMsMax, grown);
}

/** Full jitter: anywhere in [min/2, delay], so that nothing comes back in the same second. */
export function jitteredDelayMs(attemptIndex: number, options: BackoffOptions, random: Random): number {
  const delayMs = backoffDelayMs(attemptIndex, options);
  const floorMs = Math.min(options.delayMsMin / 2, delayMs);
  return floorMs + random.fraction() * (delayMs - floorMs);
}
