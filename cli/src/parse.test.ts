import { expect, test } from 'vitest';
import { parseLabels, parseSelector } from './call.js';
import { parseBytes, parseLocation, parseTaint, toDuration } from './parse.js';

test.each([
  ['512', 512n],
  ['4GiB', 4_294_967_296n],
  ['20 GB', 20_000_000_000n],
  ['1.5MiB', 1_572_864n],
  ['', undefined],
  ['4G', undefined],
  ['-1', undefined],
  ['99999999999TiB', undefined],
])('size %j', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test('taints, locations, durations', () => {
  expect(parseTaint('a=b:NoSchedule')).toEqual({ key: 'a', value: 'b', effect: 'NoSchedule' });
  expect(parseTaint('x/y:NoExecute')).toEqual({ key: 'x/y', value: '', effect: 'NoExecute' });
  expect(() => parseTaint('a=b:Never')).toThrow('--taint wants');
  expect(parseLocation('aws/eu-west')).toEqual({ provider: 'aws', region: 'eu-west', zone: '' });
  expect(() => parseLocation('aws//x')).toThrow('--location wants');
  expect(toDuration(1500)).toEqual({ seconds: 1n, nanos: 500_000_000 });
});

test('labels: all that is wrong is named', () => {
  expect(parseLabels('label', ['a=b', 'x.y/z=', 'k=v=w'.slice(0, 3)])).toEqual({ a: 'b', 'x.y/z': '', k: 'v' });
  expect(() => parseLabels('label', ['a', '-=b', 'a=b c'])).toThrow(/"a".*"-=b".*"a=b c"/);
});

test.each([
  ['a=b', 'labels.a = "b"'],
  ['a==b, c!=d', 'labels.a = "b" AND labels.c != "d"'],
])('selector %s', (text, filter) => {
  expect(parseSelector(text)).toBe(filter);
});

test.each(['a', 'a in (b)', '=b', 'a="x"'])('selector %s is refused', (text) => {
  expect(() => parseSelector(text)).toThrow('-l wants key=value');
});
