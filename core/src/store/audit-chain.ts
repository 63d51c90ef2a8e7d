import { createHash } from 'node:crypto';
import type { AuditRecord } from '../domain/records.js';

/** Hash before the first entry. */
export const auditChainStart = '0'.repeat(64);

/** Canonical JSON: keys sorted at every level, no white space. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** The hash that chains an entry to the one before. */
export function auditHash(entry: Omit<AuditRecord, 'hash'>): string {
  const { previousHash, ...facts } = entry;
  return createHash('sha256')
    .update(`${previousHash}\n${canonical(facts)}`)
    .digest('hex');
}

/** Where the chain is broken, oldest entry first; undefined when it is whole. `previous` is the hash before the first one given. */
export function auditChainBreak(entries: readonly AuditRecord[], previous = auditChainStart): string | undefined {
  let expected = previous;
  for (const entry of entries) {
    if (entry.previousHash !== expected) return `entry ${entry.sequence} does not follow the one before it`;
    const { hash, ...rest } = entry;
    if (auditHash(rest) !== hash) return `entry ${entry.sequence} was changed`;
    expected = hash;
  }
  return undefined;
}
