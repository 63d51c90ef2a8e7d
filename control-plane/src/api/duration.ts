import { invalidArgument } from '@flotilla/kit';

export interface Duration {
  readonly seconds: bigint;
  readonly nanos: number;
}

/** What a protobuf Duration may hold: about 10,000 years. */
const secondsMax = 315_576_000_000n;

/** A protobuf Duration in ms; undefined when it is not set. Throws when it is none. */
export function toMs(duration: Duration | undefined, field: string): number | undefined {
  if (duration === undefined) return undefined;
  const { seconds, nanos } = duration;
  const sound =
    seconds <= secondsMax &&
    seconds >= -secondsMax &&
    Math.abs(nanos) < 1_000_000_000 &&
    !(seconds > 0n && nanos < 0) &&
    !(seconds < 0n && nanos > 0);
  if (!sound) throw invalidArgument([{ field, description: 'is no duration' }]);
  return Number(seconds) * 1000 + nanos / 1_000_000;
}

/** Milliseconds as a protobuf Duration. */
export function fromMs(ms: number): Duration {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1_000_000) };
}
