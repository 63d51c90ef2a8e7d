import { nameViolations, type ApiKeyRecord, type Store } from '@flotilla/core';
import { FlotillaError, invalidArgument, isId, newId } from '@flotilla/kit';
import {
  CreateApiKeyRequest,
  EventSeverity,
  RevokeApiKeyRequest,
  Role,
  type CreateApiKeyResponse,
} from '@flotilla/proto';
import { apiKeyHash, newApiKeySecret, printedApiKey } from '../access/api-key.js';
import { mayGrant } from '../access/identity.js';
import type { ProjectCall, ServiceHandlers } from './call.js';
import { toMs } from './duration.js';
import { notFound } from './find.js';
import { toListQuery } from './list.js';
import type { ApiParts } from './parts.js';
import { toApiKey } from './wire.js';
import { earlier, write } from './write.js';

const dayMs = 86_400_000;

export function accessService(parts: ApiParts): ServiceHandlers<'AccessService'> {
  const { store } = parts;
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

    async revokeApiKey(request, call) {
      const content = RevokeApiKeyRequest.encode(request).finish();
      const record = await findKey(store, call, request.apiKey);
      if (record.revokedAtMs === undefined) {
        await write(store, call, request.options, content, {
          changes: [{ kind: 'apikey.revoke', apiKeyId: record.id }],
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
    },
  };
}

async function findKey({ read }: Pick<Store, 'read'>, call: ProjectCall, named: string): Promise<ApiKeyRecord> {
  const record = isId('key', named) ? await read.apiKey(named) : await read.apiKeyByName(call.project.id, named);
  if (record === undefined || record.projectId !== call.project.id) throw notFound('key', named);
  return record;
}

async function createApiKey(
  { store, random, pepper }: ApiParts,
  request: CreateApiKeyRequest,
  call: ProjectCall,
): Promise<CreateApiKeyResponse> {
  const content = CreateApiKeyRequest.encode(request).finish();
  if ((await earlier(store, call, request.options, content)) !== undefined) throw alreadyShown();
  const ttlMs = parseTtl(request);
  if (!mayGrant(call.caller, request.role)) throw mayNotGrant();
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
  if (written.kind === 'dry') return { apiKey: undefined, secret: '' };
  return { apiKey: toApiKey(await findKey(store, call, id), call.project.name), secret: printedApiKey(id, secret) };
}

function parseTtl(request: CreateApiKeyRequest): number {
  const ttlMs = toMs(request.ttl) ?? 90 * dayMs;
  const violations = nameViolations('name', request.name);
  if (ttlMs < 60_000 || ttlMs > 366 * dayMs) violations.push({ field: 'ttl', description: 'must be 1m to 366d' });
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

function alreadyShown(): FlotillaError {
  return new FlotillaError(
    'SECRET_SHOWN_ONCE',
    'This request already made its key, and the secret is shown only once.',
    {
      kind: 'already-exists',
      remedy: 'Revoke that key and create another one, with a new request_id.',
    },
  );
}
