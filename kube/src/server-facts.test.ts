import { expect, test } from 'vitest';
import { parseReadiness, parseVersion } from './server-facts.js';

test('versions of vendors and pre-releases are understood by their tag', () => {
  const version = (gitVersion: string): string => JSON.stringify({ major: '1', minor: '35+', gitVersion });
  expect(parseVersion(version('v1.35.4-eks-1234'))).toEqual({ gitVersion: 'v1.35.4-eks-1234', major: 1, minor: 35 });
  expect(() => parseVersion(version('latest'))).toThrow(/gitVersion/);
  expect(() => parseVersion('{}')).toThrow(/gitVersion/);
});

test('the failing checks are named', () => {
  expect(
    parseReadiness('[+]ping ok\n[-]etcd failed: reason withheld\n[-]poststarthook/x failed: y\nreadyz check failed'),
  ).toEqual({
    ready: false,
    failing: ['etcd', 'poststarthook/x'],
  });
  expect(parseReadiness('')).toEqual({ ready: false, failing: [] });
});
