import { MachineState, MachineRole, Membership, ObservedState } from '@flotilla/proto';
import { expect, test } from 'vitest';
import { aKubernetesNode, aMachineRecord, aMachineView } from '../testing/records.js';
import { planStray } from './stray.js';

const member = Membership.create({ role: MachineRole.WORKER });
const view = (observed: Partial<ObservedState> | undefined, state = MachineState.QUARANTINED) =>
  aMachineView({
    node: undefined,
    machine: aMachineRecord({
      observed: observed === undefined ? undefined : ObservedState.create(observed),
      status: { state, reason: '', message: '', conditions: [] },
    }),
  });

test.each([
  ['still runs', { membership: member }, 'cordon'],
  ['has not reported', undefined, 'cordon'],
  ['is isolated', { membership: member, isolated: true }, 'delete-node'],
  ['is clean', { clean: true }, 'delete-node'],
  ['says clean, but is a member', { clean: true, membership: member }, 'cordon'],
] as const)('the Node of a machine that %s', (_what, observed, kind) => {
  expect(planStray(view(observed), aKubernetesNode())).toMatchObject({ kind, uid: 'uid-1' });
});

test('is cordoned once, and deleted without proof when the machine is retired', () => {
  const cordoned = aKubernetesNode({ unschedulable: true, annotations: { 'flotilla.dev/cordon': 'flotilla' } });
  expect(planStray(view(undefined), cordoned)).toBeUndefined();
  expect(planStray(view(undefined, MachineState.RETIRED), cordoned)?.kind).toBe('delete-node');
});
