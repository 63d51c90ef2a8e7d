import type { Maintenance } from '@flotilla/proto';
import type { Act, NonceOutcome } from './journal-line.js';
import type { Journal, NonceRecord } from './journal.js';

/** What the target asks for, in the order it is done. A reboot comes last: nothing after it would run. */
export function wantedNonces(maintenance: Maintenance | undefined): readonly (readonly [Act, string])[] {
  if (maintenance === undefined) return [];
  const all: readonly (readonly [Act, string])[] = [
    ['retry', maintenance.retryNonce],
    ['free-disk', maintenance.freeDiskNonce],
    ['renew-certificates', maintenance.renewCertificatesNonce],
    ['restart-runtime', maintenance.restartRuntimeNonce],
    ['restart-kubelet', maintenance.restartKubeletNonce],
    ['reset', maintenance.resetNonce],
    ['reboot', maintenance.rebootNonce],
  ];
  return all.filter(([, nonce]) => nonce !== '');
}

/** Nonces that were never seen here: the only ones that are carried out. */
export function dueNonces(
  wanted: readonly (readonly [Act, string])[],
  known: (act: Act) => NonceRecord | undefined,
): readonly (readonly [Act, string])[] {
  return wanted.filter(([act, nonce]) => known(act)?.nonce !== nonce);
}

/**
 * What became of an act that an earlier process began and did not end: a reboot is done when the boot id has changed;
 * anything else was cut short, and only the control plane may ask again, with a new nonce.
 */
export function settleStarted(record: NonceRecord, bootId: string): NonceOutcome {
  if (record.state !== 'started') return record.state;
  if (record.act === 'reboot' && record.bootId !== bootId) return 'done';
  return 'interrupted';
}

/** At the start of a process: settles what the last one left open. */
export async function settleAll(journal: Journal, bootId: string): Promise<void> {
  for (const record of journal.nonces) {
    const state = settleStarted(record, bootId);
    if (state !== record.state)
      await journal.append({ kind: 'nonce', act: record.act, nonce: record.nonce, state, bootId });
  }
}

/** The first target of an empty journal: what it asks for may have been done before, so it counts as spent. */
export async function beginJournal(
  journal: Journal,
  maintenance: Maintenance | undefined,
  bootId: string,
): Promise<void> {
  if (!journal.isEmpty) return;
  // Spent first: if this is cut short, the journal must not look begun with a nonce missing.
  for (const [act, nonce] of wantedNonces(maintenance))
    await journal.append({ kind: 'nonce', act, nonce, state: 'spent', bootId });
  await journal.append({ kind: 'begun' });
}
