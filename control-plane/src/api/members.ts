import type { MemberRecord, Store } from '@flotilla/core';
import { FlotillaError, invalidArgument, isId, randomText, type FieldViolation } from '@flotilla/kit';
import {
  EventSeverity,
  Member,
  RemoveMemberRequest,
  Role,
  SetMemberRequest,
  type RemoveMemberResponse,
  type SetMemberResponse,
} from '@flotilla/proto';
import { lastAdminProblem } from './last-admin.js';
import type { ProjectCall } from './call.js';
import type { ApiParts } from './parts.js';
import { refuseDeletingProject } from './refusals.js';
import { toMember } from './wire-access.js';
import { earlier, write, type Act } from './write.js';

/** Roles of others in a project: keys of other projects, and people. */

const email = /^[^\s@<>"'\\]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,180}[A-Za-z0-9])?$/;
const grantable: readonly Role[] = [Role.READER, Role.MEMBER, Role.ADMIN];

export async function setMember(
  parts: ApiParts,
  request: SetMemberRequest,
  call: ProjectCall,
): Promise<SetMemberResponse> {
  const { store } = parts;
  const content = SetMemberRequest.encode(request).finish();
  const shown = async (): Promise<SetMemberResponse> => {
    const record = await store.read.member(call.project.id, request.subject);
    return { member: record === undefined ? undefined : toMember(record, call.project.name) };
  };
  if ((await earlier(store, call, request.options, content)) !== undefined) return shown();
  refuseDeletingProject(call);
  await refuseBad(store, call, request);
  const known = await store.read.member(call.project.id, request.subject);
  if (known?.role === request.role) return shown();
  if (known?.role === Role.ADMIN) await refuseLastAdmin(store, call, request.subject);
  const id = known?.id ?? `mem_${randomText(12, parts.random)}`;
  const { subject, role } = request;
  const act: Act = {
    changes: [{ kind: 'member.set', member: { id, projectId: call.project.id, subject, role } }],
    event: {
      ...eventOf(call, id, subject, known === undefined ? 'MemberAdded' : 'MemberChanged'),
      message: `${call.actor} gave ${subject} the role ${Role[role]}.`,
    },
    audit: { action: 'member.set', resourceKind: 'member', resourceId: id, details: { subject, role: Role[role] } },
    response: id,
  };
  const written = await write(store, call, request.options, content, act);
  if (written.kind === 'dry') return { member: Member.fromPartial({ subject, role }) };
  return shown();
}

export async function removeMember(
  { store }: ApiParts,
  request: RemoveMemberRequest,
  call: ProjectCall,
): Promise<RemoveMemberResponse> {
  const content = RemoveMemberRequest.encode(request).finish();
  if ((await earlier(store, call, request.options, content)) !== undefined) return {};
  const known = await store.read.member(call.project.id, request.subject);
  if (known === undefined) throw unknownMember(request.subject);
  if (known.role === Role.ADMIN) await refuseLastAdmin(store, call, known.subject);
  await write(store, call, request.options, content, removal(call, known));
  return {};
}

function removal(call: ProjectCall, { id, subject }: MemberRecord): Act {
  return {
    changes: [{ kind: 'member.remove', projectId: call.project.id, subject }],
    event: {
      ...eventOf(call, id, subject, 'MemberRemoved'),
      message: `${call.actor} took away the role of ${subject}.`,
    },
    audit: { action: 'member.remove', resourceKind: 'member', resourceId: id, details: { subject } },
    response: id,
  };
}

async function refuseBad({ read }: Store, call: ProjectCall, request: SetMemberRequest): Promise<void> {
  const violations: FieldViolation[] = [];
  if (!grantable.includes(request.role)) {
    violations.push({ field: 'role', description: 'must be READER, MEMBER or ADMIN' });
  }
  const [, kind, name = ''] = /^(api-key|user):(.*)$/s.exec(request.subject) ?? [];
  if (kind === undefined || (kind === 'api-key' ? !isId('key', name) : !email.test(name))) {
    const description = 'must be "api-key:<id of a key>" (see flotilla get apikeys) or "user:<email address>"';
    violations.push({ field: 'subject', description });
  } else if (kind === 'api-key') {
    const key = await read.apiKey(name);
    if (key === undefined || key.revokedAtMs !== undefined) {
      violations.push({ field: 'subject', description: 'names no API key that is in use' });
    } else if (key.projectId === call.project.id && key.role !== Role.INSTANCE_ADMIN) {
      violations.push({ field: 'subject', description: 'is a key of this project and has its role by itself' });
    }
  }
  if (violations.length > 0) throw invalidArgument(violations);
}

async function refuseLastAdmin(store: Store, call: ProjectCall, subject: string): Promise<void> {
  const problem = await lastAdminProblem(store.read, call, { subject });
  if (problem !== undefined) throw problem;
}

function eventOf(call: ProjectCall, id: string, subject: string, reason: string) {
  return {
    resourceKind: 'member',
    resourceId: id,
    resourceName: subject,
    projectId: call.project.id,
    severity: EventSeverity.NORMAL,
    category: 'Access',
    reason,
  } as const;
}

function unknownMember(subject: string): FlotillaError {
  return new FlotillaError('NOT_FOUND', `${JSON.stringify(subject.slice(0, 120))} is no member of this project.`, {
    kind: 'not-found',
    remedy: 'See who is: flotilla get members',
  });
}
