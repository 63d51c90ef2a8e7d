import { EventSeverity, MachineRole, MachineState, SessionState } from '@flotilla/proto';
import type { MachineRecord, MachineStatusRecord, NodeRecord } from '../domain/records.js';
import { machineTransitions, stepTowards } from '../domain/states.js';
import type { MachineView } from '../domain/views.js';
import { camelCase, type Note, type Verdict } from './decision.js';

export interface MachinePlan {
  readonly status: MachineStatusRecord;
  /** The identity is to be revoked now. */
  readonly retire: boolean;
  readonly notes: readonly Note[];
  readonly recheckMs: number | undefined;
}

/** The state of a machine, from who wants it and what its host says. */
export function planMachine(view: MachineView): MachinePlan {
  const before = view.machine.status;
  const wanted = verdictOf(view);
  // Retiring is the one step that may come from everywhere: the operator has said so.
  const retire = wanted.state === MachineState.RETIRED && before.state !== MachineState.RETIRED;
  const state = retire
    ? MachineState.RETIRED
    : (stepTowards(machineTransitions, before.state, wanted.state, MachineState.QUARANTINED) ?? before.state);
  const status: MachineStatusRecord = { ...wanted, state, conditions: before.conditions };
  return { status, retire, notes: notesOf(before, status), recheckMs: state === wanted.state ? undefined : 0 };
}

const verdict = (state: MachineState, reason: string, message: string): Verdict<MachineState> => ({
  state,
  reason,
  message,
});

function verdictOf({ machine, node, target }: MachineView): Verdict<MachineState> {
  if (machine.status.state === MachineState.RETIRED) return machine.status;
  const unclean = node === undefined && machine.observed?.clean === false && !machine.preserved;
  if (machine.retireRequestedAtMs !== undefined && node === undefined && !(unclean && isHeard(machine))) {
    return verdict(
      MachineState.RETIRED,
      'OperatorRetired',
      'An operator retired the machine; its identity is revoked.',
    );
  }
  if (machine.quarantined) return quarantined(machine, node);
  if (node === undefined) {
    if (unclean) {
      return verdict(MachineState.CLEANING, 'HostNotClean', 'The host still has what was installed for a cluster.');
    }
    return verdict(MachineState.AVAILABLE, 'Spare', 'The machine is a spare: any pool that matches may claim it.');
  }
  const where = `${node.clusterName}/${node.poolName}`;
  const told = target?.target.nodeId === node.id;
  if (node.removal !== undefined && !told && target?.target.role === MachineRole.NONE) {
    return verdict(MachineState.CLEANING, 'Leaving', `The machine leaves ${where} and is being cleaned.`);
  }
  if (!told) return verdict(MachineState.RESERVED, 'Claimed', `The machine was claimed for ${where}.`);
  return verdict(MachineState.IN_USE, 'InUse', `The machine is a node of ${where}.`);
}

/** While it is heard it can still be cleaned; one that is not heard is given up as it is. */
const isHeard = (machine: MachineRecord): boolean => machine.session === SessionState.CONNECTED;

function quarantined(machine: MachineRecord, node: NodeRecord | undefined): Verdict<MachineState> {
  const why = machine.quarantineReason === '' ? '' : `: ${machine.quarantineReason}`;
  if (machine.preserved) {
    const then = `Look at it, then run: flotilla release machine ${machine.name}`;
    const message = `The machine is kept out of all pools and as it is${why}. ${then}; it is cleaned then.`;
    return verdict(MachineState.QUARANTINED, 'Preserved', message);
  }
  const leaves = node === undefined ? '' : ` Its node of ${node.clusterName}/${node.poolName} leaves first.`;
  return verdict(MachineState.QUARANTINED, 'Quarantined', `The machine is kept out of all pools${why}.${leaves}`);
}

function notesOf(before: MachineStatusRecord, after: MachineStatusRecord): Note[] {
  if (before.state === after.state) return [];
  const reason = `Machine${camelCase((MachineState[after.state] ?? '').toLowerCase().replaceAll('_', '-'))}`;
  return [{ severity: EventSeverity.NORMAL, category: 'Lifecycle', reason, message: after.message }];
}
