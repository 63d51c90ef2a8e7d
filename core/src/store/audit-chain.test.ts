import { describe, expect, test } from 'vitest';
import type { AuditRecord } from '../domain/records.js';
import { auditChainBreak, auditChainStart, auditHash } from './audit-chain.js';

function chain(length: number): AuditRecord[] {
  const entries: AuditRecord[] = [];
  for (let i = 1; i <= length; i++) {
    const entry = {
      sequence: i,
      atMs: 1000 + i,
      projectId: 'prj_1',
      actor: 'api-key:me',
      remoteAddress: '',
      action: 'cluster.create',
      resourceKind: 'cluster',
      resourceId: `clu_${i}`,
      result: 'OK' as const,
      details: { b: '2', a: '1' },
      epoch: 1,
      previousHash: entries.at(-1)?.hash ?? auditChainStart,
    };
    entries.push({ ...entry, hash: auditHash(entry) });
  }
  return entries;
}

describe('audit chain', () => {
  test('a whole chain has no break, whatever the order of keys', () => {
    const entries = chain(3).map((e) => ({ ...e, details: { a: '1', b: '2' } }));
    expect(auditChainBreak(entries)).toBeUndefined();
  });

  test('a changed entry is named', () => {
    const entries = chain(3).map((e) => (e.sequence === 2 ? { ...e, actor: 'api-key:you' } : e));
    expect(auditChainBreak(entries)).toBe('entry 2 was changed');
  });

  test('a missing entry is named', () => {
    expect(auditChainBreak(chain(3).filter((e) => e.sequence !== 2))).toBe('entry 3 does not follow the one before it');
  });
});
