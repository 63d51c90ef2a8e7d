import { NodeState } from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import {
  enumField,
  fromPageToken,
  pageSizeOf,
  parseFilter,
  parseOrderBy,
  resolveTerm,
  toPageToken,
} from './list-query.js';

const fields = { name: { column: 'name' }, state: enumField('state', NodeState) };

describe('filters', () => {
  test('terms, operators, quotes', () => {
    expect(parseFilter('state = RUNNING AND labels.team!="a \\"b\\" AND c"')).toEqual([
      { field: 'state', operator: '=', value: 'RUNNING' },
      { field: 'labels.team', operator: '!=', value: 'a "b" AND c' },
    ]);
    expect(parseFilter('  ')).toEqual([]);
    expect(parseFilter('labels.example.com/app=x')[0]?.field).toBe('labels.example.com/app');
  });

  test.each(['state', 'state =', 'a = b OR c = d', 'a = b AND', '= b', 'a = "b', 'a = b; drop table x'])(
    '%j is refused',
    (text) => {
      expect(() => parseFilter(text)).toThrow(/filter cannot be read/);
    },
  );

  test('is bounded', () => {
    expect(() => parseFilter(Array.from({ length: 11 }, () => 'a = b').join(' AND '))).toThrow(/more than 10/);
  });

  test('unknown fields and values are refused with what was meant', () => {
    const term = (field: string, value: string) => resolveTerm({ field, operator: '=', value }, fields);
    expect(term('state', 'running')).toEqual({ column: 'state', value: NodeState.RUNNING });
    expect(() => term('stat', 'x')).toThrow(/did you mean state\?/);
    expect(() => term('state', 'RUNING')).toThrow(/did you mean RUNNING\?/);
    expect(() => term('state', 'UNRECOGNIZED')).toThrow(/has no state/);
    expect(() => term('__proto__', 'x')).toThrow(/has no field/);
  });
});

test('order', () => {
  expect(parseOrderBy('', fields, 'name')).toEqual({ column: 'name', descending: false });
  expect(parseOrderBy('state desc', fields, 'name')).toEqual({ column: 'state', descending: true });
  expect(() => parseOrderBy('nam', fields, 'name')).toThrow(/did you mean name\?/);
  expect(() => parseOrderBy('name down', fields, 'name')).toThrow(/optionally followed by "desc"/);
});

test('page sizes', () => {
  expect([undefined, 0, 7, 9999].map(pageSizeOf)).toEqual([100, 100, 7, 500]);
  expect(() => pageSizeOf(-1)).toThrow(/negative/);
});

describe('page tokens', () => {
  test('belong to their query', () => {
    const token = toPageToken('q1', { value: 'a', id: 'x' });
    expect(fromPageToken(token, 'q1')).toEqual({ value: 'a', id: 'x' });
    expect(() => fromPageToken(token, 'q2')).toThrow(/not of this list/);
  });

  test.each(['', '!!', 'e30', Buffer.from('["q1",{},1]').toString('base64url'), 'x'.repeat(3000)])(
    '%j is refused',
    (token) => {
      expect(() => fromPageToken(token, 'q1')).toThrow(/not of this list/);
    },
  );
});
