/** Heartbeats that may be missed before a machine on a quiet link counts as silent. */
export const missedBeatsMax = 3;
/** A link, however bad, is waited for this many heartbeats: 40 s at 5 s, as long as Kubernetes waits for a kubelet. */
export const missedBeatsCap = 8;
/** Standard deviations beyond the mean gap that are still believed to be the link's: about one in a thousand million. */
const believedDeviations = 6;
/** With fewer gaps than this a link has not shown what it is. */
const gapsMin = 5;
/** Arrivals worth keeping for {@link adaptiveDeadlineMs}. */
export const arrivalsKept = 21;

/**
 * Silence (ms) after which a machine counts as silent: three intervals, more on a link that has shown jitter or loss, at
 * most eight. In the manner of a φ-accrual detector: the distribution of the gaps seen says what silence is unlikely.
 * `arrivals`: monotonic times (ms) of the last messages of the present stream, oldest first; {@link arrivalsKept} are
 * enough. Gaps longer than the cap were outages, not the link's habit, and do not count.
 */
export function adaptiveDeadlineMs(arrivals: ArrayLike<number>, intervalMs: number): number {
  const floorMs = missedBeatsMax * intervalMs;
  const capMs = missedBeatsCap * intervalMs;
  const gaps = gapsOf(arrivals).filter((gapMs) => gapMs <= capMs);
  if (gaps.length < gapsMin) return floorMs;
  const mean = sum(gaps) / gaps.length;
  const deviation = Math.sqrt(sum(gaps.map((gapMs) => (gapMs - mean) ** 2)) / gaps.length);
  return Math.min(capMs, Math.max(floorMs, Math.ceil(mean + believedDeviations * deviation)));
}

function gapsOf(arrivals: ArrayLike<number>): number[] {
  const times = Array.from(arrivals).slice(-arrivalsKept);
  return times.slice(1).map((time, i) => Math.max(0, time - (times[i] ?? time)));
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
