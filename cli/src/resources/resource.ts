import type { StepReport } from '@flotilla/proto';
import { FlotillaError } from '@flotilla/kit';
import type { Session } from '../call.js';
import type { Painter } from '../output/paint.js';
import type { Cell, Column } from '../output/table.js';
import { type NounName, nouns } from '../registry/nouns.js';
import type { Goal } from './goals.js';

export type { Goal };

/** Which of them are wanted. */
export interface Query {
  readonly cluster: string;
  readonly pool: string;
  /** Filter of the list call; empty = all. */
  readonly filter: string;
  /** Order of the list call; empty = the server's own. */
  readonly orderBy: string;
  readonly showDeleted: boolean;
}

export const everything: Query = { cluster: '', pool: '', filter: '', orderBy: '', showDeleted: false };

/** One page of what a query wants. */
export function listOptions(
  page: { pageSize: number; pageToken: string },
  { filter, orderBy }: Pick<Query, 'filter' | 'orderBy'>,
): { pageSize: number; pageToken: string; filter: string; orderBy: string } {
  return { ...page, filter, orderBy };
}

/** Where a resource stands, for whoever waits for it. */
export interface Standing {
  /** As displayed. */
  readonly status: string;
  readonly message: string;
  /** Whether a person has to act before anything goes on. */
  readonly failed: boolean;
  readonly remedy: string;
  readonly phases: readonly StepReport[];
  readonly reached: readonly Goal[];
}

/** One thing, ready to be shown in any form. */
export interface Item {
  readonly id: string;
  readonly name: string;
  /** Proto JSON under `kind`. */
  readonly json: Record<string, unknown>;
  /** One per column, and one more for what is wrong, as relative times of that moment. */
  cells(nowMs: number, wide: boolean): readonly Cell[];
  readonly standing: Standing;
  describe(session: Session, nowMs: number, paint: Painter): Promise<readonly string[]>;
}

/** How one noun is fetched and shown. */
export interface Resource {
  readonly columns: readonly Column[];
  /** Goals that make sense here; empty = nothing to wait for. */
  readonly goals: readonly Goal[];
  list(session: Session, query: Query): Promise<readonly Item[]>;
  get(session: Session, name: string, query: Query): Promise<Item>;
}

export const noStanding: Standing = { status: '', message: '', failed: false, remedy: '', phases: [], reached: [] };

/** `{kind, …}` of what proto made. ts-proto types it unknown; for a message it is an object. */
export function toKindJson(noun: NounName, json: unknown): Record<string, unknown> {
  const value = plainDurations(json);
  return { kind: nouns[noun].kind, ...(typeof value === 'object' ? value : {}) };
}

const durationField = /(Timeout|Time|ttl|duration)$/;

/** Durations as proto JSON writes them, `300s`: ts-proto leaves them in two fields. */
function plainDurations(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => plainDurations(each));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, each]: [string, unknown]): [string, unknown] => [
    name,
    durationField.test(name) && typeof each === 'object' && each !== null ? durationJson(each) : plainDurations(each),
  ]);
  return Object.fromEntries(entries);
}

function durationJson(value: object): string {
  const { seconds = '0', nanos = 0 }: { seconds?: unknown; nanos?: unknown } = value;
  const fraction = Number(nanos) === 0 ? '' : `.${String(Math.round(Number(nanos) / 1e6)).padStart(3, '0')}`;
  return `${String(seconds)}${fraction}s`;
}

/** What an answer must carry. */
export function answered<T>(value: T | undefined, noun: NounName): T {
  if (value !== undefined) return value;
  throw new FlotillaError('INCOMPLETE_ANSWER', `the server answered without the ${noun}`);
}
