import type { Store } from '@flotilla/core';
import { FlotillaError } from '@flotilla/kit';
import type { WriteOptions } from '@flotilla/proto';
import { earlier, write, type Act, type Writer } from './write.js';

/** A write to one thing that is there: update, delete, or a verb. */
export interface Verb<R> {
  /** The encoded request: repeats of a request id must be the same. */
  readonly content: Uint8Array;
  readonly options: WriteOptions | undefined;
  /** The thing as the request names it. */
  readonly named: string;
  /** Empty = the caller did not say what it saw: when somebody else is faster, we look again ourselves. */
  readonly etag: string;
  /** By name or id. Throws NOT_FOUND. */
  readonly find: (named: string) => Promise<R>;
  /** What is to be written, or undefined when it is so already. Throws what forbids it. */
  readonly plan: (record: R) => Planned<R> | undefined | Promise<Planned<R> | undefined>;
}

export interface Planned<R> {
  readonly act: Act;
  /** What validate_only answers with; the record as it is unless told. */
  readonly preview?: R;
}

export interface Done<R> {
  readonly record: R;
  /** Newest revision after the write; 0 when only validation was asked for. */
  readonly revision: bigint;
}

/** Times a write without an etag is planned again because the thing changed in between. */
const attemptsMax = 5;

/** Runs it anew while what it looked at is changed by others in between; for callers who did not say what they saw. */
export async function lookAgain<T>(attempt: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isChanged(error) || count === attemptsMax) throw error;
    }
  }
}

const isChanged = (error: unknown): boolean =>
  error instanceof FlotillaError && error.kind === 'conflict' && error.retry === 'now';

/** Finds, plans and writes, once for each request id, and reads the thing back. */
export async function perform<R>(store: Store, call: Writer, verb: Verb<R>): Promise<Done<R>> {
  const { content, options } = verb;
  const asItIs = async (record: R): Promise<Done<R>> => ({ record, revision: BigInt(await store.read.revision()) });
  const before = await earlier(store, call, options, content);
  if (before !== undefined) return asItIs(await verb.find(before));
  for (let attempt = 1; ; attempt++) {
    const record = await verb.find(verb.named);
    const planned = await verb.plan(record);
    if (planned === undefined) return asItIs(record);
    try {
      const written = await write(store, call, options, content, planned.act);
      if (written.kind === 'dry') return { record: planned.preview ?? record, revision: 0n };
      return { record: await verb.find(written.resourceId), revision: BigInt(written.revision) };
    } catch (error) {
      if (!isChanged(error) || verb.etag !== '' || attempt === attemptsMax) throw error;
    }
  }
}
