import { Refusal, RefusalReason } from '@flotilla/proto';

const minute = { seconds: 60n, nanos: 0 };

/** Typed answers to a machine that may not have a session: what is the matter, and what the agent may do. */
export const refusals = {
  retired: Refusal.create({
    reason: RefusalReason.RETIRED,
    message: 'This machine was removed from Flotilla, and its identity is revoked.',
    remedy: 'To use it again: sudo flotilla-agent leave, then install with a new token (flotilla token create).',
    mayLeave: true,
  }),
  unknown: Refusal.create({
    reason: RefusalReason.RETIRED,
    message: 'This control plane does not know the machine; its database may come from an older backup.',
    remedy: 'Enroll the machine again with a new token: flotilla token create.',
    mayLeave: false,
    retryAfter: { seconds: 300n, nanos: 0 },
  }),
  clone: Refusal.create({
    reason: RefusalReason.CLONE,
    message: 'Another agent is connected with the identity of this machine.',
    remedy: 'A copied disk: on the copy run "sudo flotilla-agent leave", and install it with a token of its own.',
    mayLeave: false,
    retryAfter: minute,
  }),
  epochTooOld: Refusal.create({
    reason: RefusalReason.EPOCH_TOO_OLD,
    message: 'The machine has obeyed a newer control plane than this one.',
    remedy:
      'If this is a wanted restore, start it with: flotilla-server restore --take-over. Else stop the stray copy.',
    mayLeave: false,
    retryAfter: minute,
  }),
  protocol: Refusal.create({
    reason: RefusalReason.PROTOCOL,
    message: 'Agent and control plane have no version of the session protocol in common.',
    remedy: 'Run the installer again on the machine: it brings the agent of this control plane.',
    mayLeave: false,
    retryAfter: { seconds: 300n, nanos: 0 },
  }),
  rateLimited: Refusal.create({
    reason: RefusalReason.RATE_LIMITED,
    message: 'The agent sends more than an agent may.',
    remedy: 'Look at its log: journalctl -u flotilla-agent',
    mayLeave: false,
    retryAfter: minute,
  }),
} as const;
