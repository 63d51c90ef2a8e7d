import { describe, expect, test } from 'vitest';

import { formatAgentManifest } from '../scripts/manifest-format.mjs';
import { parseAgentManifest, REQUIRED_FILES, type AgentFile, type AgentManifest } from './manifest.js';

const SHA256 = 'ab'.repeat(32);

function aFile(name: string, over: Partial<AgentFile> = {}): AgentFile {
  const content = { sizeBytes: 12, sha256: SHA256 };
  return { name, mode: '0644', ...content, download: { name, encoding: 'identity', ...content }, ...over };
}

function aManifest(over: Partial<AgentManifest> = {}): AgentManifest {
  return {
    schema: 1,
    version: '0.1.0',
    arches: { amd64: { files: REQUIRED_FILES.map((name) => aFile(name)) } },
    ...over,
  };
}

function aManifestWith(file: AgentFile): string {
  return formatAgentManifest(
    aManifest({ arches: { amd64: { files: [...REQUIRED_FILES.map((name) => aFile(name)), file] } } }),
  );
}

describe('parseAgentManifest', () => {
  test('what is formatted is parsed to the same value', () => {
    const manifest = aManifest({ version: '1.2.3-rc.1' });
    expect(parseAgentManifest(formatAgentManifest(manifest))).toEqual(manifest);
  });

  test('one file stands in one line, which is what install.sh reads', () => {
    const lines = formatAgentManifest(aManifest()).trimEnd().split('\n');
    expect(lines).toHaveLength(REQUIRED_FILES.length + 4);
    expect(lines[2]).toMatch(/^\{"name":"node","mode":"0644","sizeBytes":12,"sha256":"[ab]{64}","download":\{.*\}\},$/);
  });

  test('the same JSON in other bytes is refused: install.sh could not read it', () => {
    const pretty = JSON.stringify(JSON.parse(formatAgentManifest(aManifest())), null, 2);
    expect(() => parseAgentManifest(pretty)).toThrow('is not written as install.sh reads it');
  });

  test.each([
    ['a path for a name', { name: '../node' }],
    ['a hidden name', { name: '.node' }],
    ['a set-user-id mode', { mode: '4755' as '0755' }],
    ['a size below zero', { sizeBytes: -1 }],
    ['a size that is no whole number', { sizeBytes: 1.5 }],
    ['a hash in capitals', { sha256: SHA256.toUpperCase() }],
  ])('%s is refused', (_, over) => {
    expect(() => parseAgentManifest(aManifestWith(aFile('extra', over)))).toThrow('files[5]');
  });

  test('a name twice is refused', () => {
    expect(() => parseAgentManifest(aManifestWith(aFile('node')))).toThrow('has a name twice');
  });

  test('every problem is told at once', () => {
    const text = formatAgentManifest(aManifest({ version: '1', arches: { amd64: { files: [aFile('node')] } } }));
    expect(() => parseAgentManifest(text)).toThrow(
      /version must be.*does not have agent\.cjs.*does not have uninstall\.sh/,
    );
  });

  test.each(['', 'null', '[]', '{', '{"schema":1}'])('%j is refused with a code', (text) => {
    expect(() => parseAgentManifest(text)).toThrow(expect.objectContaining({ code: 'AGENT_MANIFEST_INVALID' }));
  });
});
