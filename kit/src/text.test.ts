import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffDelayMs, jitteredDelayMs } from './backoff.js';
import { FlotillaError, invalidArgument, toFlotillaError } from './error.js';
import { isId, newId } from './ids.js';
import { dnsLabelProblem, suggestion } from './names.js';
import { seededRandom, systemRandom } from './random.js';
import { formatBytes, formatDuration, parseDurationMs } from './units.js';

test('ids have their prefix, their length and no look-alikes', () => {
  const id = newId('mch', systemRandom);
  expect(id).toMatch(/^mch_[2-9abcdefghjkmnpqrstvwxyz]{12}$/);
  expect(isId('mch', id)).toBe(true);
  expect(isId('nod', id)).toBe(false);
  expect(newId('mch', seededRandom(7))).toBe(newId('mch', seededRandom(7)));
});

test('the suggestion is the near one, and none when nothing is near', () => {
  expect(suggestion('kuberntesVersion', ['kubernetesVersion', 'size', 'selector'])).toBe('kubernetesVersion');
  expect(suggestion('ndoes', ['nodes', 'pools'])).toBe('nodes');
  expect(suggestion('frobnicate', ['nodes', 'pools'])).toBeUndefined();
});

test('names are RFC 1123 labels', () => {
  for (const good of ['a', 'edge-7', '0abc', 'a'.repeat(63)]) expect(dnsLabelProblem(good)).toBeUndefined();
  for (const bad of ['', '-a', 'a-', 'A', 'a_b', 'a.b', 'a'.repeat(64)])
    expect(dnsLabelProblem(bad)).toContain('must be');
});

test('durations are read and written', () => {
  expect(parseDurationMs('1h30m')).toBe(5_400_000);
  expect(parseDurationMs('30d')).toBe(2_592_000_000);
  for (const bad of ['', '5', 'h', '1x', '-1s', '1 h', '1.5h']) expect(parseDurationMs(bad)).toBeUndefined();
  expect([2, 119, 252, 240, 3600, 86_400 * 5].map((s) => formatDuration(s * 1000))).toEqual([
    '2s',
    '119s',
    '4m12s',
    '4m',
    '60m',
    '5d',
  ]);
  expect([12, 2048, 671_088_640, 8_267_000_000].map(formatBytes)).toEqual(['12 B', '2.0 KiB', '640 MiB', '7.7 GiB']);
});

test('jitter stays between half the minimum and the undisturbed delay', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100 }), fc.integer(), (attempt, seed) => {
      const options = { delayMsMin: 100, delayMsMax: 5000 };
      const delayMs = jitteredDelayMs(attempt, options, seededRandom(seed));
      expect(delayMs).toBeGreaterThanOrEqual(50);
      expect(delayMs).toBeLessThanOrEqual(backoffDelayMs(attempt, options));
      expect(delayMs).toBeLessThanOrEqual(5000);
    }),
  );
});

test('an unknown thrown value becomes INTERNAL with its cause kept for the log', () => {
  const cause = new TypeError('x is undefined');
  expect(toFlotillaError(cause)).toMatchObject({
    code: 'INTERNAL',
    kind: 'internal',
    message: 'x is undefined',
    cause,
  });
  const own = new FlotillaError('SWAP_ON', 'swap is on', { kind: 'precondition', remedy: 'swapoff' });
  expect(toFlotillaError(own)).toBe(own);
});

test('all violations are named at once', () => {
  const error = invalidArgument([
    { field: 'spec.size', description: 'must be a whole number' },
    { field: 'name', description: 'is taken' },
  ]);
  expect(error.message).toBe('spec.size must be a whole number; name is taken');
  expect(error.kind).toBe('invalid-argument');
});
