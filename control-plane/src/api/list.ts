import type { ListQuery } from '@flotilla/core';
import { invalidArgument } from '@flotilla/kit';
import type { ListOptions } from '@flotilla/proto';

/** The page that a request asks for; the store knows fields, order and tokens. */
export function toListQuery(options: ListOptions | undefined): ListQuery {
  if (options === undefined) return {};
  if (options.pageSize < 0 || options.pageSize > 500) {
    throw invalidArgument([{ field: 'options.page_size', description: 'must be 0 (= 100) to 500' }]);
  }
  return {
    ...(options.pageSize > 0 ? { pageSize: options.pageSize } : {}),
    ...(options.pageToken === '' ? {} : { pageToken: options.pageToken }),
    ...(options.filter === '' ? {} : { filter: options.filter }),
    ...(options.orderBy === '' ? {} : { orderBy: options.orderBy }),
  };
}
