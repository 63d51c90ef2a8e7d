import type { ListQuery, Page } from '@flotilla/core';
import { invalidArgument } from '@flotilla/kit';

/**
 * A page of a short list that is in memory already, in its own order. Filters and orders are the store's; here they are
 * refused rather than passed over.
 */
export function pageOf<T>(all: readonly T[], query: ListQuery, list: string): Page<T> {
  if (query.filter !== undefined) throw refused('filter');
  if (query.orderBy !== undefined) throw refused('order_by');
  const size = query.pageSize ?? 100;
  const start = query.pageToken === undefined ? 0 : startOf(query.pageToken, list);
  const end = start + size;
  return { items: all.slice(start, end), nextPageToken: end < all.length ? tokenOf(end, list) : '' };
}

function refused(field: string): Error {
  return invalidArgument([{ field: `options.${field}`, description: 'is not supported for this list; leave it out' }]);
}

function tokenOf(start: number, list: string): string {
  return Buffer.from(`${list} ${start}`).toString('base64url');
}

function startOf(token: string, list: string): number {
  const [name, start = ''] = Buffer.from(token.slice(0, 100), 'base64url').toString('latin1').split(' ');
  if (name === list && /^\d{1,6}$/.test(start)) return Number(start);
  throw invalidArgument([
    { field: 'options.page_token', description: 'is not of this list; start again without a page token' },
  ]);
}
