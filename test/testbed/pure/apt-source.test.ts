import { expect, test } from 'vitest';

import { parseAptSources, pickMirror } from './apt-source.js';

const ONE_LINE = `# comment
deb [arch=amd64 signed-by=/k.gpg] http://third.example/apt bookworm-extra main
deb-src http://mirror.example/debian bookworm main
deb http://mirror.example/debian/ bookworm main contrib
`;

const STANZAS = `Types: deb
# a comment inside
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: bookworm
`;

test('one-line sources, without comments and without sources of source code', () => {
  expect(parseAptSources(ONE_LINE)).toEqual([
    { uri: 'http://third.example/apt', suite: 'bookworm-extra' },
    { uri: 'http://mirror.example/debian/', suite: 'bookworm' },
  ]);
});

test('stanzas, each suite on its own, without the ones that are switched off', () => {
  expect(parseAptSources(STANZAS)).toEqual([
    { uri: 'http://mirror.example/debian', suite: 'bookworm' },
    { uri: 'http://mirror.example/debian', suite: 'bookworm-updates' },
  ]);
});

test('the mirror serves exactly the suite', () => {
  expect(pickMirror(parseAptSources(ONE_LINE), 'bookworm')).toBe('http://mirror.example/debian');
  expect(pickMirror(parseAptSources(ONE_LINE), 'trixie')).toBeNull();
});
