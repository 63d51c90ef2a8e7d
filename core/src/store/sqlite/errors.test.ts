import { FlotillaError } from '@flotilla/kit';
import { describe, expect, test } from 'vitest';
import { classify, fromPlainError, toCommitError, toPlainError } from './errors.js';

const sqlite = (code: string): Error => Object.assign(new Error(code), { code });

describe('what SQLite says', () => {
  test.each([
    ['SQLITE_FULL', 'full'],
    ['SQLITE_IOERR_FSYNC', 'fatal'],
    ['SQLITE_CORRUPT_VTAB', 'damaged'],
    ['SQLITE_CONSTRAINT_UNIQUE', 'name-taken'],
    ['SQLITE_ERROR', 'other'],
  ])('%s is %s', (code, meaning) => expect(classify(sqlite(code))).toBe(meaning));

  test('a full disk can be tried again later, a failed fsync never', () => {
    expect(toCommitError(sqlite('SQLITE_FULL'))).toMatchObject({
      code: 'STORE_FULL',
      kind: 'exhausted',
      retry: 'later',
    });
    expect(toCommitError(sqlite('SQLITE_IOERR_FSYNC'))).toMatchObject({ code: 'STORE_FAILED', retry: 'never' });
  });
});

test('an error crosses threads whole, without its cause', () => {
  const error = new FlotillaError('X', 'm', {
    kind: 'conflict',
    retry: 'now',
    remedy: 'r',
    metadata: { a: 'b' },
    cause: 1,
  });
  const back = fromPlainError(structuredClone(toPlainError(error)));
  expect(back).toMatchObject({
    code: 'X',
    message: 'm',
    kind: 'conflict',
    retry: 'now',
    remedy: 'r',
    metadata: { a: 'b' },
  });
  expect(back.cause).toBeUndefined();
});
