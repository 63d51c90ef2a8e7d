import { type Condition, type Location, SessionState } from '@flotilla/proto';
import type { Cell } from '../output/table.js';
import { absolute, age } from '../output/times.js';

/** `aws/eu-west`; the zone only where there is room. */
export function locationText(location: Location | undefined, wide = false): string {
  const { provider = '', region = '', zone = '' } = location ?? {};
  const parts = (wide || region === '' ? [provider, region, zone] : [provider, region]).filter((part) => part !== '');
  return parts.length === 0 ? '-' : parts.join('/');
}

/** `2s`, `4m silent`, `3d gone`. */
export function lastSeenCell(session: SessionState, time: Date | undefined, nowMs: number, wide: boolean): Cell {
  if (time === undefined) return { text: 'never', tone: 'dim' };
  // Seconds do not matter any more once somebody is silent for minutes.
  const text = wide ? absolute(time) : age(time, nowMs).replace(/^(\d+m)\d+s$/, '$1');
  if (session === SessionState.SILENT) return { text: `${text} silent`, tone: 'bad' };
  if (session === SessionState.DISCONNECTED) return { text: `${text} gone`, tone: 'bad' };
  return { text };
}

/** Relative, or absolute with `-o wide`. */
export function timeCell(time: Date | undefined, nowMs: number, wide: boolean): Cell {
  return { text: wide ? absolute(time) : age(time, nowMs) };
}

export function dash(text: string): string {
  return text === '' ? '-' : text;
}

export function conditionOf(conditions: readonly Condition[], type: string): Condition | undefined {
  return conditions.find((each) => each.type === type);
}
