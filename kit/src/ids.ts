import type { Random } from './random.js';

/** Every id says what it names. */
export type IdPrefix = 'prj' | 'clu' | 'pol' | 'mch' | 'nod' | 'tok' | 'key' | 'evt' | 'ins';

// Without 0/o, 1/l/i and u: ids are read aloud at three in the morning.
const alphabet = '23456789abcdefghjkmnpqrstvwxyz';

/** An opaque id such as `mch_8w2k…`: 12 characters, 58 bits. */
export function newId(prefix: IdPrefix, random: Random): string {
  return `${prefix}_${randomText(12, random)}`;
}

/** Text of `length` characters of an alphabet without look-alikes, unbiased. */
export function randomText(length: number, random: Random): string {
  const limit = 256 - (256 % alphabet.length);
  let text = '';
  while (text.length < length) {
    for (const byte of random.bytes(length - text.length)) {
      if (byte < limit) text += alphabet[byte % alphabet.length] ?? '';
    }
  }
  return text;
}

/** Whether the text has the shape of an id with this prefix. */
export function isId(prefix: IdPrefix, text: string): boolean {
  return new RegExp(`^${prefix}_[${alphabet}]{12}$`).test(text);
}
