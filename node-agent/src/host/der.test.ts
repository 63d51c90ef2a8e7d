import { describe, expect, it } from 'vitest';
import { der, derOid, derTags } from './der.js';

describe('DER', () => {
  it.each([
    [0, '0c00'],
    [127, '0c7f'],
    [128, '0c8180'],
    [255, '0c81ff'],
    [256, '0c820100'],
    [70_000, '0c83011170'],
  ])('the length %i takes the shortest form', (length, head) => {
    const found = der(derTags.utf8, Buffer.alloc(length, 'x'));
    expect(found.subarray(0, head.length / 2).toString('hex')).toBe(head);
    expect(found.length).toBe(head.length / 2 + length);
  });

  it.each([
    ['1.2.840.10045.4.3.2', '06082a8648ce3d040302'],
    ['2.5.4.3', '0603550403'],
    ['1.2.840.113549.1.1.11', '06092a864886f70d01010b'],
  ])('the object identifier %s', (dotted, hex) => {
    expect(derOid(dotted).toString('hex')).toBe(hex);
  });
});
