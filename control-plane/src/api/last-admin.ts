import type { ApiKeyRecord, Store } from '@flotilla/core';
import { FlotillaError } from '@flotilla/kit';
import { Role } from '@flotilla/proto';
import type { ProjectCall } from './call.js';

/** Who is about to lose the role: a key of the project by id, or a member by subject. */
export type Leaving = { readonly keyId: string } | { readonly subject: string };

/** Why this admin cannot go: nobody would be left who can sign in and manage the project. */
export async function lastAdminProblem(
  read: Store['read'],
  call: ProjectCall,
  leaving: Leaving,
): Promise<FlotillaError | undefined> {
  if ((await ownAdmins(read, call, leaving)) || (await memberAdmins(read, call, leaving))) return undefined;
  return new FlotillaError('LAST_ADMIN', `Nobody else is ADMIN of project ${call.project.name}.`, {
    kind: 'precondition',
    remedy: 'Give somebody else the role first: flotilla apikey create --role admin, or flotilla member set.',
  });
}

async function ownAdmins(read: Store['read'], call: ProjectCall, leaving: Leaving): Promise<boolean> {
  const gone = 'keyId' in leaving ? leaving.keyId : undefined;
  for (let pageToken = ''; ;) {
    const page = await read.apiKeys({
      projectId: call.project.id,
      pageSize: 500,
      ...(pageToken === '' ? {} : { pageToken }),
    });
    if (page.items.some((key) => key.id !== gone && key.role === Role.ADMIN && works(key, call.nowMs))) return true;
    pageToken = page.nextPageToken;
    if (pageToken === '') return false;
  }
}

/** People count once they can sign in; keys of other projects do while they work. */
async function memberAdmins(read: Store['read'], call: ProjectCall, leaving: Leaving): Promise<boolean> {
  const gone = 'subject' in leaving ? leaving.subject : `api-key:${leaving.keyId}`;
  for (let pageToken = ''; ;) {
    const page = await read.members({
      projectId: call.project.id,
      pageSize: 500,
      ...(pageToken === '' ? {} : { pageToken }),
    });
    for (const { subject, role } of page.items) {
      const keyId = /^api-key:(.+)$/.exec(subject)?.[1];
      if (role !== Role.ADMIN || subject === gone || keyId === undefined) continue;
      const key = await read.apiKey(keyId);
      if (key !== undefined && works(key, call.nowMs)) return true;
    }
    pageToken = page.nextPageToken;
    if (pageToken === '') return false;
  }
}

/**
 * Keys of instance administrators lie in projects, but are not their admins' to take away; and the last one stays. Throws
 * PERMISSION_DENIED or LAST_ADMIN.
 */
export async function refuseInstanceLoss(read: Store['read'], call: ProjectCall, key: ApiKeyRecord): Promise<void> {
  if (key.role !== Role.INSTANCE_ADMIN) return;
  if (call.caller.role !== Role.INSTANCE_ADMIN) {
    throw new FlotillaError('PERMISSION_DENIED', `${key.name} is the key of an instance administrator.`, {
      kind: 'permission',
      remedy: 'Ask an instance administrator to revoke it.',
    });
  }
  const { items } = await read.apiKeys({ filter: 'role = INSTANCE_ADMIN', pageSize: 500 });
  if (items.some((other) => other.id !== key.id && works(other, call.nowMs))) return;
  throw new FlotillaError('LAST_ADMIN', 'This is the last key of an instance administrator.', {
    kind: 'precondition',
    remedy: 'Make another one first: flotilla apikey create --role instance-admin.',
  });
}

function works(key: ApiKeyRecord, nowMs: number): boolean {
  return key.revokedAtMs === undefined && key.expiresAtMs > nowMs;
}
