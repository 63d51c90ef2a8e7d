import { labelViolations, type Change, type MachineRecord, type MachineSpecPatch, type Store } from '@flotilla/core';
import { FlotillaError, invalidArgument } from '@flotilla/kit';
import { EventSeverity, MachineState, type UpdateMachineRequest } from '@flotilla/proto';
import type { ProjectCall } from './call.js';
import { parseMask } from './mask.js';
import { refuseQuorumLoss } from './quorum.js';
import { locationViolations, textViolations } from './terms.js';
import type { Planned } from './verb.js';
import { expectEtag, type Act } from './write.js';

/** What each verb on a machine writes; undefined = it is so already. */

type Plan = Planned<MachineRecord> | undefined;

const updatable = ['labels', 'location', 'remediationDisabled'] as const;

export function planMachineUpdate(
  call: ProjectCall,
  record: MachineRecord,
  request: Pick<UpdateMachineRequest, 'labels' | 'location' | 'remediationDisabled' | 'updateMask' | 'etag'>,
): Plan {
  refuseRetired(record);
  const mask = parseMask(request.updateMask, updatable);
  const takes = (field: (typeof updatable)[number]): boolean => mask.length === 0 || mask.includes(field);
  const violations = [
    ...(takes('labels') ? labelViolations('labels', request.labels) : []),
    ...(takes('location') ? locationViolations('location', request.location) : []),
  ];
  if (violations.length > 0) throw invalidArgument(violations);
  const set: MachineSpecPatch = {
    ...(takes('labels') ? { labels: request.labels } : {}),
    ...(takes('location') ? { location: request.location } : {}),
    ...(takes('remediationDisabled') ? { remediationDisabled: request.remediationDisabled } : {}),
  };
  const text = `${call.actor} changed the machine: ${Object.keys(set).join(', ')}.`;
  const change: Change = { kind: 'machine.spec', machineId: record.id, set };
  return {
    act: act(record, change, request.etag, 'update', 'MachineUpdated', text, { fields: Object.keys(set).join(',') }),
    preview: {
      ...record,
      ...(takes('labels') ? { labels: request.labels } : {}),
      ...(takes('location') ? { location: request.location } : {}),
      ...(takes('remediationDisabled') ? { remediationDisabled: request.remediationDisabled } : {}),
    },
  };
}

export async function planQuarantine(
  store: Store,
  call: ProjectCall,
  record: MachineRecord,
  reason: string,
): Promise<Plan> {
  refuseRetired(record);
  const violations = textViolations('reason', reason, 256);
  if (violations.length > 0) throw invalidArgument(violations);
  if (record.quarantined && record.quarantineReason === reason) return undefined;
  await refuseNodeLoss(store, record);
  const why = reason === '' ? '' : `: ${reason}`;
  const text = `${call.actor} quarantined the machine${why}. Its node, if it has one, is drained and leaves; nothing is scheduled on it until it is released.`;
  const set = { quarantined: true, quarantineReason: reason };
  const change: Change = { kind: 'machine.spec', machineId: record.id, set };
  return { act: act(record, change, '', 'quarantine', 'Quarantined', text), preview: { ...record, ...set } };
}

export function planRelease(call: ProjectCall, record: MachineRecord): Plan {
  refuseRetired(record);
  if (!record.quarantined && !record.preserved) return undefined;
  const next = record.preserved ? 'it is cleaned, then it is available again' : 'pools may take it again';
  const text = `${call.actor} released the machine from quarantine: ${next}.`;
  const set = { quarantined: false, quarantineReason: '', preserved: false } as const;
  const change: Change = { kind: 'machine.spec', machineId: record.id, set };
  return { act: act(record, change, '', 'release', 'Released', text), preview: { ...record, ...set } };
}

export async function planRetirement(
  store: Store,
  call: ProjectCall,
  record: MachineRecord,
  etag: string,
): Promise<Plan> {
  const expected = act(
    record,
    { kind: 'machine.spec', machineId: record.id, set: { retire: true } },
    etag,
    'delete',
    'MachineRetirementRequested',
    `${call.actor} asked to retire the machine: it leaves its cluster first, then its identity is revoked.`,
  );
  if (record.retireRequestedAtMs !== undefined) return undefined;
  await refuseNodeLoss(store, record);
  return { act: expected };
}

/** A machine that is taken away takes its node with it. */
async function refuseNodeLoss(store: Store, record: MachineRecord): Promise<void> {
  const node = record.nodeId === '' ? undefined : await store.read.node(record.nodeId);
  if (node !== undefined && node.removal === undefined) await refuseQuorumLoss(store.read, node);
}

function act(
  record: MachineRecord,
  change: Change,
  etag: string,
  verb: string,
  reason: string,
  message: string,
  details: Readonly<Record<string, string>> = {},
): Act {
  return {
    changes: [change],
    expect: [expectEtag('machine', record, etag)],
    event: {
      resourceKind: 'machine',
      resourceId: record.id,
      severity: EventSeverity.NORMAL,
      category: 'Lifecycle',
      reason,
      message,
    },
    audit: {
      action: `machine.${verb}`,
      resourceKind: 'machine',
      resourceId: record.id,
      details: { name: record.name, ...details },
    },
    response: record.id,
  };
}

function refuseRetired(record: MachineRecord): void {
  if (record.retireRequestedAtMs === undefined && record.status.state !== MachineState.RETIRED) return;
  throw new FlotillaError('MACHINE_RETIRED', `The machine ${record.name} is retired, or about to be.`, {
    kind: 'precondition',
    remedy: 'To use the host again, enroll it anew: flotilla token create',
  });
}
