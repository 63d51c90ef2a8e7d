import { describe, expect, it } from 'vitest';
import { der, derChildren, derOid, derTags, derTime, derUnsigned } from './der.js';

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

  it.each([
    ['00', '020100'],
    ['0000', '020100'],
    ['7f', '02017f'],
    ['80', '02020080'],
    ['0001ff', '020201ff'],
  ])('the number %s takes the fewest bytes and stays positive', (hex, expected) => {
    expect(derUnsigned(Buffer.from(hex, 'hex')).toString('hex')).toBe(expected);
  });

  it.each([
    ['2026-01-02T03:04:05.678Z', '\u0017\r260102030405Z'],
    ['2049-12-31T23:59:59Z', '\u0017\r491231235959Z'],
    ['2050-01-01T00:00:00Z', '\u0018\u000f20500101000000Z'],
  ])('the moment %s', (iso, expected) => {
    expect(derTime(new Date(iso)).toString('latin1')).toBe(expected);
  });

  it('children come apart as they were put together, and what is cut short is left out', () => {
    const parts = [der(derTags.integer, Buffer.of(2)), der(derTags.utf8, Buffer.alloc(300, 'x')), der(0xa0)];
    const whole = der(derTags.sequence, ...parts);
    expect(derChildren(whole)).toEqual(parts);
    expect(derChildren(whole.subarray(0, 40))).toEqual(parts.slice(0, 1));
    expect(derChildren(Buffer.of(0x30, 0x84))).toEqual([]);
  });
});
