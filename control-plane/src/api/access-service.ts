import { nameViolations, type ApiKeyRecord, type Store } from '@flotilla/core';
import { FlotillaError, invalidArgument, isId, newId } from '@flotilla/kit';
import {
  ApiKey,
  CreateApiKeyRequest,
  EventSeverity,
  RevokeApiKeyRequest,
  Role,
  type CreateApiKeyResponse,
  type RevokeApiKeyResponse,
} from '@flotilla/proto';
import { apiKeyHash, newApiKeySecret, printedApiKey } from '../access/api-key.js';
import { mayGrant, subjectOf } from '../access/identity.js';
import type { ProjectCall, ServiceHandlers } from './call.js';
import { toMs } from './duration.js';
import { notFound } from './find.js';
import { toListQuery } from './list.js';
import type { ApiParts } from './parts.js';
import { lastAdminProblem, refuseInstanceLoss } from './last-admin.js';
import { removeMember, setMember } from './members.js';
import { nameTaken, refuseDeletingProject, shownOnce } from './refusals.js';
import { Serial } from './serial.js';
import { durationViolations } from './terms.js';
import { toApiKey, toMember } from './wire-access.js';
import { earlier, write } from './write.js';

const dayMs = 86_400_000;

export function accessService(parts: ApiParts): ServiceHandlers<'AccessService'> {
  const { store } = parts;
  // Two admins who take each other's role away at once must not both succeed.
  const serial = new Serial();
  const oneByOne = <T>(call: ProjectCall, work: () => Promise<T>): Promise<T> => serial.run(call.project.id, work);
  return {
    async getCaller(_request, call) {
      const project = await store.read.project(call.caller.projectId);
      return { subject: call.actor, project: project?.name ?? '', role: call.caller.role };
    },

    createApiKey: (request, call) => createApiKey(parts, request, call),

    async listApiKeys(request, call) {
      const page = await store.read.apiKeys({ ...toListQuery(request.options), projectId: call.project.id });
      return {
        apiKeys: page.items.map((record) => toApiKey(record, call.project.name)),
        nextPageToken: page.nextPageToken,
      };
    },

    revokeApiKey: (request, call) => oneByOne(call, () => revokeApiKey(parts, request, call)),

    async listMembers(request, call) {
      const page = await store.read.members({ ...toListQuery(request.options), projectId: call.project.id });
      return {
        members: page.items.map((record) => toMember(record, call.project.name)),
        nextPageToken: page.nextPageToken,
      };
    },

    setMember: (request, call) => oneByOne(call, () => setMember(parts, request, call)),
    removeMember: (request, call) => oneByOne(call, () => removeMember(parts, request, call)),
  };
}

async function findKey({ read }: Pick<Store, 'read'>, call: ProjectCall, named: string): Promise<ApiKeyRecord> {
  const record = isId('key', named) ? await read.apiKey(named) : await read.apiKeyByName(call.project.id, named);
  if (record === undefined || record.projectId !== call.project.id) throw notFound('key', named);
  return record;
}

async function revokeApiKey(
  { store }: ApiParts,
  request: RevokeApiKeyRequest,
  call: ProjectCall,
): Promise<RevokeApiKeyResponse> {
  const content = RevokeApiKeyRequest.encode(request).finish();
  const record = await findKey(store, call, request.apiKey);
  if (record.revokedAtMs === undefined) {
    await refuseInstanceLoss(store.read, call, record);
    // An ADMIN key, or an instance administrator's that is ADMIN here as a member.
    const problem =
      (await roleHere(store, call, record)) === Role.ADMIN
        ? await lastAdminProblem(store.read, call, { keyId: record.id })
        : undefined;
    if (problem !== undefined) throw problem;
    await write(store, call, request.options, content, {
      changes: [{ kind: 'apikey.revoke', apiKeyId: record.id }],
      expect: [{ kind: 'apikey', id: record.id, version: record.version }],
      event: {
        resourceKind: 'apikey',
        resourceId: record.id,
        severity: EventSeverity.NORMAL,
        category: 'Access',
        reason: 'ApiKeyRevoked',
        message: `${call.actor} revoked the API key.`,
      },
      audit: {
        action: 'apikey.revoke',
        resourceKind: 'apikey',
        resourceId: record.id,
        details: { name: record.name },
      },
      response: record.id,
    });
  }
  return { apiKey: toApiKey(await findKey(store, call, record.id), call.project.name) };
}

async function roleHere({ read }: Store, call: ProjectCall, key: ApiKeyRecord): Promise<Role> {
  if (key.role !== Role.INSTANCE_ADMIN) return key.role;
  return (await read.member(call.project.id, subjectOf(key)))?.role ?? Role.UNSPECIFIED;
}

async function createApiKey(
  { store, random, pepper }: ApiParts,
  request: CreateApiKeyRequest,
  call: ProjectCall,
): Promise<CreateApiKeyResponse> {
  const content = CreateApiKeyRequest.encode(request).finish();
  if ((await earlier(store, call, request.options, content)) !== undefined)
    throw shownOnce('API key', 'flotilla get apikeys');
  refuseDeletingProject(call);
  const ttlMs = parseTtl(request);
  if (!mayGrant(call.role, call.caller.role, request.role)) throw mayNotGrant();
  if ((await store.read.apiKeyByName(call.project.id, request.name)) !== undefined) {
    throw nameTaken('The project already has an API key', request.name, 'flotilla get apikeys');
  }
  const id = newId('key', random);
  const secret = newApiKeySecret(random);
  const apiKey = {
    id,
    projectId: call.project.id,
    name: request.name,
    role: request.role,
    secretHash: apiKeyHash(pepper, id, secret),
    expiresAtMs: call.nowMs + ttlMs,
  };
  const written = await write(store, call, request.options, content, {
    changes: [{ kind: 'apikey.create', apiKey }],
    expect: [{ kind: 'apikey', id, version: 0 }],
    event: {
      resourceKind: 'apikey',
      resourceId: id,
      resourceName: request.name,
      projectId: call.project.id,
      severity: EventSeverity.NORMAL,
      category: 'Access',
      reason: 'ApiKeyCreated',
      message: `${call.actor} created the API key with role ${Role[request.role]}.`,
    },
    audit: {
      action: 'apikey.create',
      resourceKind: 'apikey',
      resourceId: id,
      details: { name: request.name, role: Role[request.role] },
    },
    response: id,
  });
  if (written.kind === 'replayed') throw shownOnce('API key', 'flotilla get apikeys');
  if (written.kind === 'dry') {
    const { name, role } = request;
    const meta = { name, project: call.project.name };
    return { apiKey: ApiKey.fromPartial({ meta, role, expireTime: new Date(apiKey.expiresAtMs) }), secret: '' };
  }
  return { apiKey: toApiKey(await findKey(store, call, id), call.project.name), secret: printedApiKey(id, secret) };
}

function parseTtl(request: CreateApiKeyRequest): number {
  const ttlMs = toMs(request.ttl, 'ttl') ?? 90 * dayMs;
  const violations = [
    ...nameViolations('name', request.name),
    ...durationViolations('ttl', ttlMs, 60_000, 366 * dayMs),
  ];
  if (![Role.READER, Role.MEMBER, Role.ADMIN, Role.INSTANCE_ADMIN].includes(request.role)) {
    violations.push({ field: 'role', description: 'must be READER, MEMBER, ADMIN or INSTANCE_ADMIN' });
  }
  if (violations.length > 0) throw invalidArgument(violations);
  return ttlMs;
}

function mayNotGrant(): FlotillaError {
  return new FlotillaError('PERMISSION_DENIED', 'Nobody can give a role that they do not have themselves.', {
    kind: 'permission',
    remedy: 'Ask an instance administrator.',
  });
}
