import { writeFileSync } from 'node:fs';

/** Interval that the fake control plane gives: no other wait of the agent lies within a tenth of it. */
export const intervalMs = 1_300;

/**
 * Writes a preload script that shortens the wait between two heartbeats, known by its length, to `beatMs`. The agent
 * rightly takes no interval under half a second; the bench cannot wait a day.
 */
export function writeHasten(path: string, beatMs: number): void {
  const [low, high] = [intervalMs * 0.9, intervalMs * 1.1];
  writeFileSync(
    path,
    `const real = globalThis.setTimeout;
globalThis.setTimeout = (callback, ms, ...rest) => real(callback, ms >= ${low} && ms <= ${high} ? ${beatMs} : ms, ...rest);
`,
  );
}
