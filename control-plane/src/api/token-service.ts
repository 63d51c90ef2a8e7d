import { labelViolations, type PoolRecord, type TokenRecord } from '@flotilla/core';
import { invalidArgument, newId, type FieldViolation } from '@flotilla/kit';
import {
  CreateTokenRequest,
  EventSeverity,
  RevokeTokenRequest,
  type CreateTokenResponse,
  type EnrollmentToken,
} from '@flotilla/proto';
import { addressList } from '../enroll/addresses.js';
import { keyedHash, newTokenSecret, printedTokenId } from '../enroll/token-format.js';
import type { ProjectCall, ServiceHandlers } from './call.js';
import { toMs } from './duration.js';
import { findPool, findToken } from './find.js';
import { toListQuery } from './list.js';
import type { ApiParts, ServerFacts } from './parts.js';
import { beingDeleted, refuseDeletingProject, shownOnce } from './refusals.js';
import { durationViolations, locationViolations } from './terms.js';
import { toToken } from './wire-access.js';
import { lookAgain } from './verb.js';
import { earlier, write } from './write.js';

const hourMs = 3_600_000;
const ttlMsDefault = hourMs;
const ttlMsMax = 30 * 24 * hourMs;
const usesMax = 10_000;
const cidrsMax = 32;

export function tokenService(parts: ApiParts): ServiceHandlers<'TokenService'> {
  const { store } = parts;
  return {
    // A pool that has just been made changes while it is looked at.
    createToken: (request, call) => lookAgain(() => createToken(parts, request, call)),

    async getToken(request, call) {
      const record = await findToken(store.read, call.project.id, request.token);
      return { token: toToken(record, call.project.name, call.nowMs) };
    },

    async listTokens(request, call) {
      const page = await store.read.tokens({ ...toListQuery(request.options), projectId: call.project.id });
      return {
        tokens: page.items.map((record) => toToken(record, call.project.name, call.nowMs)),
        nextPageToken: page.nextPageToken,
      };
    },

    async revokeToken(request, call) {
      const content = RevokeTokenRequest.encode(request).finish();
      const record = await findToken(store.read, call.project.id, request.token);
      if (record.revokedAtMs === undefined) {
        await write(store, call, request.options, content, {
          changes: [{ kind: 'token.revoke', tokenId: record.id }],
          event: {
            resourceKind: 'token',
            resourceId: record.id,
            resourceName: printedTokenId(record.id),
            severity: EventSeverity.NORMAL,
            category: 'Access',
            reason: 'TokenRevoked',
            message: `${call.actor} revoked the token after ${times(record.uses)}.`,
          },
          audit: { action: 'token.revoke', resourceKind: 'token', resourceId: record.id },
          response: record.id,
        });
      }
      const after = await findToken(store.read, call.project.id, record.id);
      return { token: toToken(after, call.project.name, call.nowMs) };
    },
  };
}

async function createToken(
  parts: ApiParts,
  request: CreateTokenRequest,
  call: ProjectCall,
): Promise<CreateTokenResponse> {
  const { store, random, pepper, server } = parts;
  const content = CreateTokenRequest.encode(request).finish();
  if ((await earlier(store, call, request.options, content)) !== undefined)
    throw shownOnce('token', 'flotilla get tokens');
  refuseDeletingProject(call);
  const pool =
    request.nodePool === ''
      ? undefined
      : await findPool(store.read, call.project.id, request.cluster, request.nodePool);
  if (pool?.deleteRequestedAtMs !== undefined) throw beingDeleted('pool', pool.name);
  const terms = parseTerms(request, call.nowMs);
  const id = newId('tok', random);
  const secret = newTokenSecret(random);
  const secretHmac = Buffer.from(keyedHash(pepper, 'token', id, secret), 'hex');
  const token = { ...newToken(call, request, pool, terms), id, secretHmac };
  const written = await write(store, call, request.options, content, {
    changes: [{ kind: 'token.create', token }],
    ...(pool === undefined ? {} : { expect: [{ kind: 'pool', id: pool.id, version: pool.version }] }),
    event: {
      resourceKind: 'token',
      resourceId: id,
      resourceName: printedTokenId(id),
      projectId: call.project.id,
      severity: EventSeverity.NORMAL,
      category: 'Access',
      reason: 'TokenCreated',
      message: `${call.actor} created an enrolment token: ${times(terms.maxUses)}, ${purpose(pool)}.`,
    },
    audit: {
      action: 'token.create',
      resourceKind: 'token',
      resourceId: id,
      details: { pool: pool?.name ?? '', maxUses: String(terms.maxUses), ttlSeconds: String(terms.ttlMs / 1000) },
    },
    response: id,
  });
  if (written.kind === 'replayed') throw shownOnce('token', 'flotilla get tokens');
  if (written.kind === 'dry') {
    const record: TokenRecord = {
      ...token,
      version: 0,
      createdAtMs: call.nowMs,
      updatedAtMs: call.nowMs,
      uses: 0,
      revokedAtMs: undefined,
    };
    return { token: withoutId(toToken(record, call.project.name, call.nowMs)), secret: '', installCommand: '' };
  }
  const text = `${printedTokenId(id)}.${secret}`;
  const record = await findToken(store.read, call.project.id, id);
  return {
    token: toToken(record, call.project.name, call.nowMs),
    secret: text,
    installCommand: installCommand(server, text),
  };
}

/** The line an operator pastes on a server. The pin makes the download trustworthy without a public certificate. */
export function installCommand(server: ServerFacts, token: string): string {
  return `curl -fsSL --insecure --pinnedpubkey ${server.publicKeyPin} ${server.publicUrl}/install.sh | sudo sh -s -- --token ${token}`;
}

interface Terms {
  readonly maxUses: number;
  readonly ttlMs: number;
  readonly expiresAtMs: number;
}

function parseTerms(request: CreateTokenRequest, nowMs: number): Terms {
  const maxUses = request.maxUses === 0 ? 1 : request.maxUses;
  const ttlMs = toMs(request.ttl, 'ttl') ?? ttlMsDefault;
  const violations: FieldViolation[] = labelViolations('machine_labels', request.machineLabels);
  if (maxUses < 1 || maxUses > usesMax) violations.push({ field: 'max_uses', description: `must be 1 to ${usesMax}` });
  violations.push(...durationViolations('ttl', ttlMs, 60_000, ttlMsMax));
  if (request.sourceCidrs.length > cidrsMax) {
    violations.push({
      field: 'source_cidrs',
      description: `has ${request.sourceCidrs.length} entries; at most ${cidrsMax}`,
    });
  }
  for (const [i, cidr] of request.sourceCidrs.entries()) {
    if (addressList([cidr]) === undefined) {
      violations.push({
        field: `source_cidrs[${i}]`,
        description: `must be an address or network such as 10.0.0.0/8 (is ${JSON.stringify(cidr.slice(0, 60))})`,
      });
    }
  }
  violations.push(...locationViolations('location', request.location));
  if (violations.length > 0) throw invalidArgument(violations);
  return { maxUses, ttlMs, expiresAtMs: nowMs + ttlMs };
}

function newToken(call: ProjectCall, request: CreateTokenRequest, pool: PoolRecord | undefined, terms: Terms) {
  return {
    projectId: call.project.id,
    poolId: pool?.id ?? '',
    clusterName: pool?.clusterName ?? '',
    poolName: pool?.name ?? '',
    maxUses: terms.maxUses,
    expiresAtMs: terms.expiresAtMs,
    labels: {},
    machineLabels: request.machineLabels,
    location: request.location,
    sourceCidrs: request.sourceCidrs,
    createdBy: call.actor,
  };
}

function withoutId(token: EnrollmentToken): EnrollmentToken {
  return { ...token, meta: token.meta === undefined ? undefined : { ...token.meta, id: '', name: '', etag: '' } };
}

function times(count: number): string {
  return count === 1 ? 'one use' : `${count} uses`;
}

function purpose(pool: PoolRecord | undefined): string {
  return pool === undefined ? 'machines become spares' : `machines join pool ${pool.name} of ${pool.clusterName}`;
}
