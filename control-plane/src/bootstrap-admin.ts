import { join } from 'node:path';
import type { ApiKeyRecord, Change, NewMember, Store } from '@flotilla/core';
import { FlotillaError, newId, randomText, type Clock, type Random } from '@flotilla/kit';
import { EventSeverity, Role } from '@flotilla/proto';
import { writePrivate } from './adapters/disk.js';
import { apiKeyHash, newApiKeySecret, printedApiKey } from './access/api-key.js';
import { subjectOf } from './access/identity.js';

const lifeMs = 366 * 86_400_000;
const keyName = 'bootstrap';

export interface AdminFileFacts {
  readonly publicUrl: string;
  readonly caPin: string;
  readonly publicKeyPin: string;
  readonly caPem: string;
}

/**
 * On the first start: a key that may do everything, in `<dataDir>/admin.json` (0600), which `flotilla login --from`
 * imports. The file is written before the key exists, so that a crash in between leaves a useless file, never a key that
 * nobody has; the next start makes both anew. Returns the path when it was written now.
 */
export async function bootstrapAdmin(
  parts: {
    readonly store: Pick<Store, 'read' | 'commit'>;
    readonly clock: Clock;
    readonly random: Random;
    readonly pepper: Uint8Array;
    readonly dataDir: string;
  },
  facts: AdminFileFacts,
): Promise<string | undefined> {
  const { store, clock, random, pepper } = parts;
  const project = await store.read.project('default');
  if (project === undefined)
    throw new FlotillaError('STORE_DAMAGED', 'The project "default" is missing.', { kind: 'data-loss' });
  const known = await store.read.apiKeyByName(project.id, keyName);
  if (known !== undefined) {
    await giveFirstRole(parts, project.id, known);
    return undefined;
  }
  const path = join(parts.dataDir, 'admin.json');
  const id = newId('key', random);
  const secret = newApiKeySecret(random);
  const file = {
    server: facts.publicUrl,
    caPin: facts.caPin,
    publicKeyPin: facts.publicKeyPin,
    caPem: facts.caPem,
    apiKey: printedApiKey(id, secret),
  };
  await writePrivate(path, `${JSON.stringify(file, null, 2)}\n`);
  const nowMs = clock.now().wallMs;
  const apiKey = {
    id,
    projectId: project.id,
    name: keyName,
    role: Role.INSTANCE_ADMIN,
    secretHash: apiKeyHash(pepper, id, secret),
    expiresAtMs: nowMs + lifeMs,
  };
  await store.commit(
    [
      { kind: 'apikey.create', apiKey },
      { kind: 'member.set', member: adminOf(project.id, apiKey, random) },
      ...journal(project.id, id),
    ],
    { owner: 'api', nowMs, actor: 'system' },
  );
  return path;
}

/** An instance administrator holds no role in projects by itself; the first one is also ADMIN of "default". */
function adminOf(projectId: string, apiKey: { readonly id: string }, random: Random): NewMember {
  return { id: `mem_${randomText(12, random)}`, projectId, subject: subjectOf(apiKey), role: Role.ADMIN };
}

/** A data directory from before there were members: its first key has the role that a new one gets. */
async function giveFirstRole(
  {
    store,
    clock,
    random,
  }: { readonly store: Pick<Store, 'read' | 'commit'>; readonly clock: Clock; readonly random: Random },
  projectId: string,
  key: ApiKeyRecord,
): Promise<void> {
  if (key.role !== Role.INSTANCE_ADMIN || key.revokedAtMs !== undefined) return;
  const { items } = await store.read.members({ projectId, pageSize: 1 });
  const admins = await store.read.apiKeys({ projectId, filter: 'role = ADMIN', pageSize: 1 });
  if (items.length > 0 || admins.items.length > 0) return;
  const member = adminOf(projectId, key, random);
  await store.commit([{ kind: 'member.set', member }], { owner: 'api', nowMs: clock.now().wallMs, actor: 'system' });
}

function journal(projectId: string, id: string): Change[] {
  return [
    {
      kind: 'event.append',
      event: {
        projectId,
        resourceKind: 'apikey',
        resourceId: id,
        resourceName: keyName,
        severity: EventSeverity.NORMAL,
        category: 'Access',
        reason: 'BootstrapKeyCreated',
        message: 'The first start made the API key "bootstrap", an instance administrator and admin of "default".',
      },
    },
    {
      kind: 'audit.append',
      entry: {
        projectId,
        action: 'apikey.create',
        resourceKind: 'apikey',
        resourceId: id,
        result: 'OK',
        details: { name: keyName, role: 'INSTANCE_ADMIN' },
      },
    },
  ];
}
