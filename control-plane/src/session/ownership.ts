import type { MachineRecord, Store } from '@flotilla/core';
import type { Clock, Logger, Random } from '@flotilla/kit';
import { EventSeverity } from '@flotilla/proto';
import type { AgentSession } from './agent-session.js';
import type { Intake } from './intake.js';
import { refusals } from './refusals.js';

/** Whether the signature over this nonce was made by this identity key. */
export type IdentityCheck = (identityKey: Uint8Array, nonce: Uint8Array, signature: Uint8Array) => boolean;

interface Parts {
  readonly store: Pick<Store, 'commit'>;
  readonly intake: Pick<Intake, 'event'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly identity: IdentityCheck;
}

/**
 * A second stream of one identity (decision 7). Usually the first is a dead connection nobody closed: it is asked, is
 * silent for 5 s, and the newcomer owns the machine. When the first answers, the newcomer is asked too: without the
 * identity key it holds a stolen certificate and is refused; with it there are two copies of one disk, and both are held
 * back until an operator has decided.
 */
export async function takeOver(
  before: AgentSession | undefined,
  newcomer: AgentSession,
  machine: MachineRecord,
  parts: Parts,
): Promise<'owner' | 'refused'> {
  if (before?.isOpen !== true) return 'owner';
  // The same process again: its old connection is dead, or it would not have dialled.
  const sameProcess = before.hello?.processId === newcomer.hello?.processId;
  if (sameProcess || !(await proves(before, machine, parts))) {
    before.end();
    return 'owner';
  }
  if (!(await proves(newcomer, machine, parts))) {
    tell(
      parts,
      machine,
      'CertificateMisused',
      `A stream from ${newcomer.remoteAddress} had the certificate but not the identity key of the machine; it was refused.`,
    );
    newcomer.refuse(refusals.clone);
    return 'refused';
  }
  before.limited = true;
  tell(
    parts,
    machine,
    'MachineCloned',
    `Two agents hold the identity of this machine (${before.remoteAddress} and ${newcomer.remoteAddress}): nothing is sent to either. On the copy run "flotilla-agent leave"; then restart the agent of the other.`,
  );
  newcomer.refuse(refusals.clone);
  return 'refused';
}

async function proves(session: AgentSession, machine: MachineRecord, parts: Parts): Promise<boolean> {
  const nonce = Buffer.from(parts.random.bytes(32));
  const answer = await session.challenge(nonce);
  return (
    answer !== undefined && nonce.equals(answer.nonce) && parts.identity(machine.identityKey, nonce, answer.signature)
  );
}

function tell(parts: Parts, machine: MachineRecord, reason: string, message: string): void {
  parts.log.warn({ machineId: machine.id, reason }, message);
  parts.intake.event({
    resourceKind: 'machine',
    resourceId: machine.id,
    severity: EventSeverity.WARNING,
    category: 'Session',
    reason,
    message,
  });
}
