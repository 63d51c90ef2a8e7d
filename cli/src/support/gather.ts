import {
  AccessServiceService,
  AuditEntry,
  GetCallerRequest,
  GetCallerResponse,
  GetServerInfoResponse,
} from '@flotilla/proto';
import { toFlotillaError } from '@flotilla/kit';
import type { Call } from '../call.js';
import { listAudit } from '../commands/audit.js';
import { examine } from '../commands/doctor.js';
import { serverInfo } from '../doctor/server-checks.js';
import { type NounName, nounNames, nouns } from '../registry/nouns.js';
import { resources } from '../resources/index.js';
import { everything, type Item } from '../resources/resource.js';
import { cliVersion } from '../version-number.js';
import { redact, redactText } from './redact.js';
import type { TarEntry } from './tar.js';

const auditMax = 500;
/** Descriptions of one kind; the rest is in its YAML. */
const describedMax = 200;
const described: readonly NounName[] = ['cluster', 'pool', 'node', 'machine'];

/** Everything that can be had, secrets taken out. What could not be had is in errors.txt, and stops nothing else. */
export async function gather(call: Call, say: (what: string) => void): Promise<readonly TarEntry[]> {
  const { context } = await call.session();
  const gathering = new Gathering([context.apiKey], say);
  await gathering.yaml('versions.yaml', async () => ({
    client: { version: cliVersion },
    server: GetServerInfoResponse.toJSON(await serverInfo(await call.session())),
  }));
  await gathering.yaml('caller.yaml', async () => {
    const { connection } = await call.session();
    return GetCallerResponse.toJSON(
      await connection.unary(AccessServiceService.getCaller, GetCallerRequest.create({})),
    );
  });
  await gathering.yaml('doctor.yaml', async () => ({ items: await examine(call) }));
  for (const noun of nounNames) await gatherNoun(call, gathering, noun);
  await gathering.yaml('audit.yaml', async () => {
    const entries = await listAudit(call, { actor: '', countMax: auditMax });
    return { items: entries.map((entry) => AuditEntry.toJSON(entry)) };
  });
  return gathering.finish();
}

async function gatherNoun(call: Call, gathering: Gathering, noun: NounName): Promise<void> {
  let items: readonly Item[] = [];
  await gathering.yaml(`resources/${nouns[noun].plural}.yaml`, async () => {
    items = await resources[noun].list(await call.session(), { ...everything, showDeleted: true });
    return { kind: `${nouns[noun].kind}List`, items: items.map(({ json }) => json) };
  });
  if (!described.includes(noun)) return;
  const nowMs = call.env.clock.now().wallMs;
  for (const item of items.slice(0, describedMax)) {
    await gathering.text(`describe/${noun}-${safe(item.name)}-${safe(item.id)}.txt`, async () => {
      const lines = await item.describe(await call.session(), nowMs, (text) => text);
      return `${lines.join('\n')}\n`;
    });
  }
}

class Gathering {
  private readonly entries: TarEntry[] = [];
  private readonly errors: string[] = [];

  constructor(
    private readonly known: readonly string[],
    private readonly say: (what: string) => void,
  ) {}

  async yaml(path: string, load: () => Promise<unknown>): Promise<void> {
    await this.text(path, async () => {
      const { stringify } = await import('yaml');
      return stringify(redact(await load(), this.known), { lineWidth: 0, aliasDuplicateObjects: false });
    });
  }

  /** What a person may not see is no reason to give up the rest. */
  async text(path: string, load: () => Promise<string>): Promise<void> {
    this.say(path);
    try {
      this.entries.push({ path, text: redactText(await load(), this.known) });
    } catch (error) {
      const { code, message, kind } = toFlotillaError(error);
      if (kind === 'cancelled') throw error;
      this.errors.push(`${path}: ${code}: ${redactText(message, this.known)}`);
    }
  }

  finish(): readonly TarEntry[] {
    if (this.errors.length === 0) return this.entries;
    return [...this.entries, { path: 'errors.txt', text: `${this.errors.join('\n')}\n` }];
  }
}

function safe(name: string): string {
  return name.replace(/[^a-zA-Z0-9._-]/g, '_').slice(0, 40);
}
