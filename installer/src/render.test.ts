import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { renderInstaller, type InstallerFacts } from './render.js';

const FACTS: InstallerFacts = {
  serverUrl: 'https://fleet.example.org:7440',
  publicKeyPin: `sha256//${'A'.repeat(43)}=`,
  caPin: `sha256:${'0'.repeat(64)}`,
  agentVersion: '0.1.0',
};
const template = readFileSync(join(import.meta.dirname, '../install.sh'), 'utf8');

describe('renderInstaller', () => {
  test('fills in every placeholder of install.sh, each as a quoted word', () => {
    const script = renderInstaller(template, FACTS);
    expect(script).not.toContain('@FLOTILLA');
    expect(script).toContain(`server='${FACTS.serverUrl}'`);
    expect(script).toContain(`pin='${FACTS.publicKeyPin}'`);
    expect(script).toContain(`ca_pin='${FACTS.caPin}'`);
    expect(script).toContain(`script_version='0.1.0'`);
  });

  test('nothing but the placeholders changes', () => {
    const changed = renderInstaller(template, FACTS)
      .split('\n')
      .filter((line, at) => line !== template.split('\n')[at]);
    expect(changed).toHaveLength(4);
  });

  test('uninstall.sh has none and stays as it is', () => {
    const uninstall = readFileSync(join(import.meta.dirname, '../uninstall.sh'), 'utf8');
    expect(renderInstaller(uninstall, FACTS)).toBe(uninstall);
  });

  test('a script that is cut anywhere runs nothing: main is called on the last line only', () => {
    for (const name of ['install.sh', 'uninstall.sh']) {
      const lines = readFileSync(join(import.meta.dirname, '..', name), 'utf8')
        .trimEnd()
        .split('\n');
      expect(lines.at(-1)).toBe('main "$@"');
      expect(lines.filter((line) => line.startsWith('main '))).toHaveLength(1);
    }
  });

  test.each([
    ['serverUrl', "https://a'; id; '"],
    ['serverUrl', 'http://a'],
    ['serverUrl', 'https://a/path'],
    ['serverUrl', 'https://a\nb'],
    ['serverUrl', 'https://a\n'],
    ['publicKeyPin', 'sha256//short'],
    ['publicKeyPin', `${FACTS.publicKeyPin}\n`],
    ['caPin', `sha256:${'g'.repeat(64)}`],
    ['agentVersion', '0.1'],
    ['agentVersion', '0.1.0$(id)'],
  ] as const)('%s %j is refused', (field, value) => {
    expect(() => renderInstaller(template, { ...FACTS, [field]: value })).toThrow(field);
  });

  test('an IPv6 address is an address', () => {
    expect(renderInstaller(template, { ...FACTS, serverUrl: 'https://[2001:db8::1]:7440' })).toContain(
      "server='https://[2001:db8::1]:7440'",
    );
  });

  test('a placeholder that nobody fills is an error, not a script with a hole', () => {
    expect(() => renderInstaller("x='@FLOTILLA_OTHER@'", FACTS)).toThrow('@FLOTILLA_OTHER@');
  });
});
