import { MachineRole, MachineState, ObservedState, SessionState } from '@flotilla/proto';
import { expect, test } from 'vitest';
import type { MachineView } from '../domain/views.js';
import { aMachineRecord, aMachineView, aNodeRecord, aTarget } from '../testing/records.js';
import { planMachine } from './machine.js';

const inState = (state: MachineState) => ({ state, reason: '', message: '', conditions: [] });
const removal = { atMs: 1, reason: 'Replaced', by: 'me', drain: true } as const;
const clean = (value: boolean) => ObservedState.create({ clean: value });
const machine = aMachineRecord;

test.each<[string, Partial<MachineView>, MachineState, string]>([
  ['free', { node: undefined }, MachineState.AVAILABLE, 'Spare'],
  [
    'free, not clean',
    { node: undefined, machine: machine({ observed: clean(false) }) },
    MachineState.CLEANING,
    'HostNotClean',
  ],
  ['claimed', {}, MachineState.RESERVED, 'Claimed'],
  [
    'told',
    { machine: machine({ status: inState(MachineState.RESERVED) }), target: aTarget({ nodeId: 'nod_a' }) },
    MachineState.IN_USE,
    'InUse',
  ],
  [
    'leaving',
    {
      machine: machine({ status: inState(MachineState.IN_USE) }),
      node: aNodeRecord({ removal }),
      target: aTarget({ role: MachineRole.NONE }),
    },
    MachineState.CLEANING,
    'Leaving',
  ],
  ['in quarantine', { machine: machine({ quarantined: true }) }, MachineState.QUARANTINED, 'Quarantined'],
  [
    'kept as it is',
    { node: undefined, machine: machine({ quarantined: true, preserved: true, observed: clean(false) }) },
    MachineState.QUARANTINED,
    'Preserved',
  ],
  [
    'to be retired, clean',
    { node: undefined, machine: machine({ retireRequestedAtMs: 1, observed: clean(true) }) },
    MachineState.RETIRED,
    'OperatorRetired',
  ],
  [
    'to be retired, not clean, and heard',
    { node: undefined, machine: machine({ retireRequestedAtMs: 1, observed: clean(false) }) },
    MachineState.CLEANING,
    'HostNotClean',
  ],
  [
    'to be retired, not clean, and not heard',
    {
      node: undefined,
      machine: machine({ retireRequestedAtMs: 1, observed: clean(false), session: SessionState.DISCONNECTED }),
    },
    MachineState.RETIRED,
    'OperatorRetired',
  ],
])('a machine that is %s', (_what, over, state, reason) => {
  expect(planMachine(aMachineView(over)).status).toMatchObject({ state, reason });
});

test('one that is kept as it is says what a person does with it', () => {
  const kept = machine({ quarantined: true, preserved: true, quarantineReason: 'Unhealthy: no repair helped' });
  expect(planMachine(aMachineView({ machine: kept, node: undefined })).status.message).toBe(
    'The machine is kept out of all pools and as it is: Unhealthy: no repair helped. Look at it, then run: flotilla release machine web-1; it is cleaned then.',
  );
});
