/** A protobuf Duration in the form ts-proto gives it. */
export interface DurationMessage {
  readonly seconds: bigint;
  readonly nanos: number;
}

/** Whole milliseconds of a duration; `absentMs` when it is not set. */
export function durationMs(duration: DurationMessage | undefined, absentMs: number): number {
  return duration === undefined ? absentMs : Number(duration.seconds) * 1000 + Math.floor(duration.nanos / 1_000_000);
}

export function durationOf(ms: number): { seconds: bigint; nanos: number } {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: (ms - seconds * 1000) * 1_000_000 };
}
