import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REQUIRED_FILES } from '@flotilla/installer';
import { silentLogger } from '@flotilla/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatAgentManifest } from '../../installer/scripts/manifest-format.mjs';
import { loadAgentFiles } from './load-agent-files.js';

const pins = {
  publicUrl: 'https://fleet.example.org:7440',
  publicKeyPin: `sha256//${Buffer.alloc(32, 1).toString('base64')}`,
  caPin: `sha256:${'ab'.repeat(32)}`,
};

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flotilla-agent-'));
  await mkdir(join(dir, 'agent', 'amd64'), { recursive: true });
  const files = [];
  for (const name of REQUIRED_FILES) {
    const text = `contents of ${name}`;
    await writeFile(join(dir, 'agent', 'amd64', name), text);
    const content = { sizeBytes: text.length, sha256: createHash('sha256').update(text).digest('hex') };
    files.push({
      name,
      mode: '0644' as const,
      ...content,
      download: { name, encoding: 'identity' as const, ...content },
    });
  }
  await writeFile(
    join(dir, 'agent', 'manifest.json'),
    formatAgentManifest({ schema: 1, version: '1.2.3', arches: { amd64: { files } } }),
  );
  await writeFile(
    join(dir, 'install.sh'),
    "server='@FLOTILLA_SERVER_URL@' pin='@FLOTILLA_PUBLIC_KEY_PIN@' ca='@FLOTILLA_CA_PIN@' v='@FLOTILLA_AGENT_VERSION@'\n",
  );
  await writeFile(join(dir, 'uninstall.sh'), '#!/bin/sh\n');
});
afterEach(() => rm(dir, { recursive: true }));

describe('what a new machine downloads', () => {
  it('is rendered once with our own address and pins', async () => {
    const agent = await loadAgentFiles(dir, pins, silentLogger);
    expect(agent?.scripts.get('install.sh')).toBe(
      `server='${pins.publicUrl}' pin='${pins.publicKeyPin}' ca='${pins.caPin}' v='1.2.3'\n`,
    );
    expect([...(agent?.files.keys() ?? [])].sort()).toEqual(REQUIRED_FILES.map((name) => `amd64/${name}`).sort());
  });

  it('is not handed out when it is missing, damaged, or would carry a strange address: the server runs on', async () => {
    expect(await loadAgentFiles(join(dir, 'nothing'), pins, silentLogger)).toBeUndefined();
    expect(await loadAgentFiles(dir, { ...pins, publicUrl: "https://x'; id; '" }, silentLogger)).toBeUndefined();
    await writeFile(join(dir, 'agent', 'amd64', 'node'), 'cut');
    expect(await loadAgentFiles(dir, pins, silentLogger)).toBeUndefined();
  });
});
