import { seededRandom } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { keyedHash, newTokenSecret, parseToken, printedTokenId, sameHash } from './token-format.js';

describe('a token', () => {
  it('survives printing and parsing, and is plain letters and digits', () => {
    const secret = newTokenSecret(seededRandom(1));
    const printed = `${printedTokenId('tok_abcdefgh2345')}.${secret}`;
    expect(printed).toMatch(/^[a-z0-9]+\.[a-z0-9]+$/);
    expect(parseToken(printed)).toEqual({ id: 'tok_abcdefgh2345', secret });
    // log2(30) bits a letter.
    expect(secret.length * Math.log2(30)).toBeGreaterThan(128);
  });

  it.each([
    '',
    'abc',
    'abcd.',
    '.abcdefghabcdefghabcdef',
    'abcd.abcdefghabcdefghabcdef.x',
    'ABCD.abcdefghabcdefghabcdef',
    'abcd.abcdefghabcdefghabcdef\r\n',
    `abcd.${'a'.repeat(200)}`,
    "abcd.abcdefghabcdefghab'; id",
  ])('refuses %j', (text) => {
    expect(parseToken(text)).toBeUndefined();
  });

  it('is stored as a hash that depends on the pepper, the id and the secret', () => {
    const hash = keyedHash(Buffer.alloc(32, 1), 'token', 'tok_a', 's');
    expect(sameHash(hash, keyedHash(Buffer.alloc(32, 1), 'token', 'tok_a', 's'))).toBe(true);
    for (const other of [
      keyedHash(Buffer.alloc(32, 2), 'token', 'tok_a', 's'),
      keyedHash(Buffer.alloc(32, 1), 'token', 'tok_b', 's'),
      keyedHash(Buffer.alloc(32, 1), 'token', 'tok_a', 't'),
      '',
    ]) {
      expect(sameHash(hash, other)).toBe(false);
    }
    expect(sameHash('', '')).toBe(false);
  });
});
