import { formatDuration } from '@flotilla/kit';

/** `3m`, counted from then to now; `-` for what never was. */
export function age(time: Date | undefined, nowMs: number): string {
  return time === undefined ? '-' : formatDuration(nowMs - time.getTime());
}

/** `in 58m`, or `3m ago` once it is over; `never` for what has no end. */
export function until(time: Date | undefined, nowMs: number): string {
  if (time === undefined) return 'never';
  const leftMs = time.getTime() - nowMs;
  return leftMs >= 0 ? `in ${formatDuration(leftMs)}` : `${formatDuration(-leftMs)} ago`;
}

/** `2026-02-03T04:05:06Z`. */
export function absolute(time: Date | undefined): string {
  return time === undefined ? '-' : time.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** How long a phase took: `0.3s` below ten seconds, then as ages are written. */
export function elapsed(durationMs: number): string {
  return durationMs < 9950 ? `${(Math.max(0, durationMs) / 1000).toFixed(1)}s` : formatDuration(durationMs);
}
