import { status } from '@grpc/grpc-js';
import { FakeFailure } from './fake-failure.js';

interface Named {
  readonly meta: { readonly name: string; readonly id: string } | undefined;
}

export interface Listing {
  readonly options: { readonly pageToken: string; readonly pageSize: number } | undefined;
}

/** Two at a time, to have pages. */
export function page<T>(all: readonly T[], options: Listing['options']): { items: T[]; nextPageToken: string } {
  const from = Number(options?.pageToken === '' ? 0 : (options?.pageToken ?? 0));
  const next = from + 2;
  return { items: all.slice(from, next), nextPageToken: next < all.length ? String(next) : '' };
}

export function find<T extends Named>(all: readonly T[], name: string, noun: string): T {
  const found = all.find(({ meta }) => meta?.name === name || meta?.id === name);
  if (found === undefined) throw notFound(noun, name);
  return found;
}

export function notFound(noun: string, name: string): FakeFailure {
  return new FakeFailure(
    status.NOT_FOUND,
    'NOT_FOUND',
    `There is no ${noun} "${name}" in this project.`,
    `See what there is: flotilla get ${noun}s`,
  );
}

/** Refuses a stale etag, as the server does. */
export function checkEtag(given: string, stored: string | undefined): void {
  if (given !== '' && given !== stored)
    throw new FakeFailure(status.ABORTED, 'ETAG_MISMATCH', 'somebody else changed it meanwhile', 'Load it again.');
}
