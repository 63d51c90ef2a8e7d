import { expect, test } from 'vitest';
import { frame, Unframer } from './wire.js';

test('messages come out whole, however the bytes were cut', () => {
  const sent = ['', 'one', 'a longer one'].map((text) => Buffer.from(text));
  const bytes = Buffer.concat(sent.map(frame));
  for (const size of [1, 2, 5, 7, bytes.length]) {
    const unframer = new Unframer();
    const got: string[] = [];
    for (let at = 0; at < bytes.length; at += size)
      got.push(...unframer.push(bytes.subarray(at, at + size)).map(String));
    expect(got).toEqual(['', 'one', 'a longer one']);
  }
});
