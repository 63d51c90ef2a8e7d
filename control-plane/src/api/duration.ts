import { invalidArgument } from '@flotilla/kit';

interface Duration {
  readonly seconds: bigint;
  readonly nanos: number;
}

/** A protobuf Duration in ms; undefined when it is not set. */
export function toMs(duration: Duration | undefined): number | undefined {
  if (duration === undefined) return undefined;
  const ms = Number(duration.seconds) * 1000 + duration.nanos / 1_000_000;
  if (!Number.isSafeInteger(Math.trunc(ms))) throw invalidArgument([{ field: 'ttl', description: 'is out of range' }]);
  return ms;
}

/** Milliseconds as a protobuf Duration. */
export function fromMs(ms: number): Duration {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1_000_000) };
}
