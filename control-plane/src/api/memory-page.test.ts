import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pageOf } from './memory-page.js';

it('pages meet without a gap, whatever their size', () => {
  fc.assert(
    fc.property(fc.nat(30), fc.integer({ min: 1, max: 12 }), (length, pageSize) => {
      const all = Array.from({ length }, (_, i) => i);
      const seen: number[] = [];
      for (let pageToken = ''; ;) {
        const page = pageOf(all, { pageSize, ...(pageToken === '' ? {} : { pageToken }) }, 'x');
        seen.push(...page.items);
        pageToken = page.nextPageToken;
        if (pageToken === '') break;
      }
      expect(seen).toEqual(all);
    }),
  );
});

it('refuses tokens of other lists, filters and orders', () => {
  const token = pageOf([1, 2], { pageSize: 1 }, 'versions').nextPageToken;
  const fieldOf = (query: Parameters<typeof pageOf>[1]): unknown => {
    try {
      return pageOf([1, 2], query, 'projects').items;
    } catch (error) {
      return (error as { violations: { field: string }[] }).violations[0]?.field;
    }
  };
  expect(fieldOf({ pageToken: token })).toBe('options.page_token');
  expect(fieldOf({ pageToken: 'x' })).toBe('options.page_token');
  expect(fieldOf({ filter: 'a = b' })).toBe('options.filter');
  expect(fieldOf({ orderBy: 'name' })).toBe('options.order_by');
});
