import { FlotillaError } from '@flotilla/kit';

const pageSize = 500;
const pagesMax = 200;

/** Fetches all pages of a list. */
export async function allPages<T>(
  load: (page: { pageSize: number; pageToken: string }) => Promise<{ items: readonly T[]; nextPageToken: string }>,
): Promise<readonly T[]> {
  const items: T[] = [];
  let pageToken = '';
  for (let page = 0; page < pagesMax; page++) {
    const answer = await load({ pageSize, pageToken });
    items.push(...answer.items);
    pageToken = answer.nextPageToken;
    if (pageToken === '') return items;
  }
  throw new FlotillaError('TOO_MANY', `there are more than ${pageSize * pagesMax}`, {
    kind: 'exhausted',
    remedy: 'Ask for less: --cluster, --pool or -l.',
  });
}
