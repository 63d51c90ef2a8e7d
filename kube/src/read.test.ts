import { describe, expect, test } from 'vitest';
import { JsonReader, parseJson } from './read.js';

const read = (value: unknown): JsonReader => new JsonReader(value, 'node');
const badAt = (path: string): object => ({ code: 'KUBE_BAD_ANSWER', message: expect.stringContaining(path) as string });

describe('reading JSON at the door', () => {
  test('what is missing or null reads as empty, as Go writes it', () => {
    const object = read({ nothing: null });
    expect(object.text('nothing')).toBe('');
    expect(object.flag('absent')).toBe(false);
    expect(object.count('absent')).toBeUndefined();
    expect(object.timeMs('absent')).toBeUndefined();
    expect(object.texts('nothing')).toEqual([]);
    expect(object.textMap('nothing')).toEqual({});
    expect(object.object('absent').object('deeper').text('x')).toBe('');
    expect(object.list('nothing', (item) => item.text('x'))).toEqual([]);
  });

  test.each<[string, (object: JsonReader) => unknown]>([
    ['node.a', (o) => o.text('a')],
    ['node.a', (o) => o.flag('a')],
    ['node.a', (o) => o.object('a')],
    ['node.a', (o) => o.texts('a')],
    ['node.half', (o) => o.count('half')],
    ['node.word', (o) => o.timeMs('word')],
    ['node.empty', (o) => o.name('empty')],
    ['node.list[1]', (o) => o.texts('list')],
    ['node.list[0]', (o) => o.list('list', (item) => item)],
    ['node.map.x', (o) => o.textMap('map')],
  ])('a wrong shape names %s', (path, act) => {
    const object = read({ a: 7, half: 1.5, word: 'yesterday', empty: '', list: ['x', 1], map: { x: 1 } });
    expect(() => act(object)).toThrow(expect.objectContaining(badAt(path)) as Error);
  });

  test('refuses what is no object, and never repeats the value: it may be a secret', () => {
    for (const value of [null, [], 'secret-text', 7]) {
      expect(() => read(value)).toThrow(expect.objectContaining(badAt('node')) as Error);
    }
    expect(() => read('secret-text')).not.toThrow(/secret-text/);
    expect(() => read({ a: { deep: 'secret-text' } }).text('a')).not.toThrow(/secret-text/);
  });

  test('inherited names are not fields, and stored ones do no harm', () => {
    expect(read({}).text('constructor')).toBe('');
    const map = read(JSON.parse('{"labels":{"__proto__":"x","constructor":"y"}}')).textMap('labels');
    expect(Object.keys(map)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  test('times are wall milliseconds, microseconds included', () => {
    expect(read({ t: '2026-01-01T00:00:00.123456Z' }).timeMs('t')).toBe(Date.UTC(2026, 0, 1) + 123);
  });

  test('a text that is no JSON is a bad answer', () => {
    expect(() => parseJson('<html>', 'version')).toThrow(expect.objectContaining(badAt('version')) as Error);
  });
});
