import type { PauseRecord } from '@flotilla/core';
import { formatDuration, invalidArgument, type FieldViolation } from '@flotilla/kit';
import type { DrainOptions, Location } from '@flotilla/proto';
import { toMs, type Duration } from './duration.js';

/** Parsers of the small parts that several requests share. Each says field, rule and cure. */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
export const pauseMsDefault = 2 * hourMs;
export const pauseMsMax = 7 * 24 * hourMs;
export const drainMsMax = 7 * 24 * hourMs;

/** Problems of a text that people read: at most `charsMax` characters, one line, nothing that moves a terminal. */
export function textViolations(field: string, text: string, charsMax: number): FieldViolation[] {
  if ([...text].length > charsMax) {
    return [{ field, description: `must have at most ${charsMax} characters (has ${[...text].length})` }];
  }
  // Control characters, and the marks that reorder or hide what follows.
  if (/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/u.test(text)) {
    return [{ field, description: 'must be one line without control characters' }];
  }
  return [];
}

/** Problems of a duration that was given, in milliseconds. */
export function durationViolations(
  field: string,
  ms: number | undefined,
  minMs: number,
  maxMs: number,
): FieldViolation[] {
  if (ms === undefined || (ms >= minMs && ms <= maxMs)) return [];
  return [
    { field, description: `must be ${formatDuration(minMs)} to ${formatDuration(maxMs)} (is ${ms / 1000} seconds)` },
  ];
}

/** Problems of a location: names as providers write them. */
export function locationViolations(field: string, location: Location | undefined): FieldViolation[] {
  const { provider = '', region = '', zone = '' } = location ?? {};
  return Object.entries({ provider, region, zone })
    .filter(([, text]) => !/^[A-Za-z0-9._-]{0,63}$/.test(text))
    .map(([name]) => ({
      field: `${field}.${name}`,
      description: 'must be at most 63 letters, digits, ".", "_" and "-"',
    }));
}

/** A pause as it was asked for. Throws with every problem. */
export function parsePause(
  request: { readonly duration: Duration | undefined; readonly reason: string },
  call: { readonly nowMs: number; readonly actor: string },
): PauseRecord {
  const ms = toMs(request.duration, 'duration') ?? pauseMsDefault;
  const violations = [
    ...durationViolations('duration', ms, minuteMs, pauseMsMax),
    ...textViolations('reason', request.reason, 256),
  ];
  if (violations.length > 0) throw invalidArgument(violations);
  return { untilMs: call.nowMs + ms, reason: request.reason, by: call.actor };
}

/** How a node is to be emptied. Throws with every problem. */
export function parseDrain(drain: DrainOptions | undefined): {
  readonly timeoutMs: number | undefined;
  readonly force: boolean;
} {
  const timeoutMs = toMs(drain?.timeout, 'drain.timeout');
  const violations = durationViolations('drain.timeout', timeoutMs, 0, drainMsMax);
  if (violations.length > 0) throw invalidArgument(violations);
  return { timeoutMs, force: drain?.force ?? false };
}
