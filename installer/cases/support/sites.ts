import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { renderInstaller } from '../../src/index.js';
import { FakeSite, type SiteFaults } from './fake-site.js';
import type { TestKey } from './test-key.js';
import { Variant } from './variants.js';

interface SiteSpec {
  readonly change?: (variant: Variant) => Variant;
  readonly faults?: SiteFaults;
}

const DAY_MS = 86_400_000;
const AGENT = '/agent/amd64/agent.cjs';
const CA_PIN = `sha256:${'a'.repeat(64)}`;
const OVERSIZE_BYTES = 128 * 2 ** 20;

/** Each site differs from a good one in one respect. The cases find its address in SITE_<NAME>. */
const SITES: Readonly<Record<string, SiteSpec>> = {
  GOOD: {},
  NEXT: { change: (v) => v.version('0.2.0').replace('agent.cjs', (text) => `${text}// 0.2.0\n`) },
  AFTER: { change: (v) => v.version('0.3.0').replace('agent.cjs', (text) => `${text}// 0.3.0\n`) },
  REBUILT: { change: (v) => v.replace('agent.cjs', (text) => `${text}// built again\n`) },
  NO_START: {
    change: (v) =>
      v.version('0.4.0').replace('flotilla-agent', (text) => text.replace('#!/bin/sh', '#!/bin/no-such-shell')),
  },
  UNUSABLE: { change: (v) => v.version('0.5.0').replace('agent.cjs', () => 'throw new Error("cannot load");\n') },
  CUT: { faults: { cutPath: AGENT } },
  FLAKY: { faults: { flakyPath: '/agent/manifest.json', flakyCount: 2 } },
  CORRUPT: { change: (v) => v.swap('agent.cjs', flipped(v)) },
  OVERSIZE: { change: (v) => v.swap('agent.cjs', Buffer.alloc(OVERSIZE_BYTES)) },
  MISSING: { change: (v) => v.remove('agent.cjs') },
  ODD_MANIFEST: { change: (v) => v.manifestText((text) => text.replace('"mode":"0644"', '"mode":"4755"')) },
  PATH_MANIFEST: {
    change: (v) => v.manifestText((text) => text.replace('"name":"node.LICENSE"', '"name":"../node.LICENSE"')),
  },
  NO_ARCH: { change: (v) => v.manifestText((text) => text.replace('"amd64"', '"arm64"')) },
  CLOCK: { faults: { clockOffMs: 2 * DAY_MS } },
};

/** Opens every site on `host`, and AGENT with the real agent bundle if there is one; the payloads are made below `workDir` from what the packaging built. */
export async function openSites(
  built: string,
  workDir: string,
  host: string,
  key: TestKey,
  agent: string | null,
): Promise<Map<string, FakeSite>> {
  const sites = new Map<string, FakeSite>();
  const real: Record<string, SiteSpec> =
    agent === null ? {} : { AGENT: { change: (v) => v.replace('agent.cjs', () => agent) } };
  for (const [name, { change, faults }] of Object.entries({ ...SITES, ...real })) {
    const variant = Variant.copyOf(built, join(workDir, name));
    change?.(variant);
    const site = await FakeSite.open(variant.dir, host, key, faults);
    const facts = {
      serverUrl: `https://${host}:${String(site.port)}`,
      publicKeyPin: key.pin,
      caPin: CA_PIN,
      agentVersion: '0.1.0',
    };
    const script = join(variant.dir, 'install.sh');
    writeFileSync(script, renderInstaller(readFileSync(script, 'utf8'), facts));
    sites.set(name, site);
  }
  return sites;
}

function flipped(variant: Variant): Buffer {
  const body = readFileSync(join(variant.dir, 'agent/amd64/agent.cjs'));
  body[0] = (body[0] ?? 0) ^ 1;
  return body;
}
