import type { ApiKeyRecord, AuditRecord, EventRecord, MemberRecord, TokenRecord } from '@flotilla/core';
import { ApiKey, AuditEntry, EnrollmentToken, EnrollmentTokenState, Event, Member } from '@flotilla/proto';
import { printedTokenId } from '../enroll/token-format.js';
import { toDate, toMeta } from './wire-meta.js';

/** Tokens, keys, members and the two journals as operators see them; hashes have no field to go to. */

export function toToken(record: TokenRecord, project: string, nowMs: number): EnrollmentToken {
  return EnrollmentToken.create({
    meta: toMeta(record, printedTokenId(record.id), project),
    cluster: record.clusterName,
    pool: record.poolName,
    maxUses: record.maxUses,
    uses: record.uses,
    expireTime: new Date(record.expiresAtMs),
    revokeTime: toDate(record.revokedAtMs),
    machineLabels: { ...record.machineLabels },
    location: record.location,
    sourceCidrs: [...record.sourceCidrs],
    createdBy: record.createdBy,
    state: tokenState(record, nowMs),
  });
}

function tokenState(record: TokenRecord, nowMs: number): EnrollmentTokenState {
  if (record.revokedAtMs !== undefined) return EnrollmentTokenState.REVOKED;
  if (record.uses >= record.maxUses) return EnrollmentTokenState.SPENT;
  return record.expiresAtMs <= nowMs ? EnrollmentTokenState.EXPIRED : EnrollmentTokenState.ACTIVE;
}

export function toApiKey(record: ApiKeyRecord, project: string): ApiKey {
  return ApiKey.create({
    meta: toMeta(record, record.name, project),
    role: record.role,
    expireTime: new Date(record.expiresAtMs),
    lastUsedTime: toDate(record.lastUsedAtMs),
    revokeTime: toDate(record.revokedAtMs),
  });
}

export function toEvent(record: EventRecord, project: string): Event {
  return Event.create({
    id: record.id,
    revision: BigInt(record.revision),
    time: new Date(record.atMs),
    project,
    resourceKind: record.resourceKind,
    resourceId: record.resourceId,
    resourceName: record.resourceName,
    severity: record.severity,
    category: record.category,
    reason: record.reason,
    message: record.message,
    count: record.count,
  });
}

export function toMember(record: MemberRecord, project: string): Member {
  return Member.create({ meta: toMeta(record, record.subject, project), subject: record.subject, role: record.role });
}

export function toAuditEntry(record: AuditRecord, project: string): AuditEntry {
  return AuditEntry.create({
    sequence: BigInt(record.sequence),
    time: new Date(record.atMs),
    project,
    actor: record.actor,
    remoteAddress: record.remoteAddress,
    action: record.action,
    resourceKind: record.resourceKind,
    resourceId: record.resourceId,
    result: record.result,
    details: { ...record.details },
    epoch: BigInt(record.epoch),
    hash: record.hash,
  });
}
