import { unit, type Mutant } from './mutant.js';

/** Targets, nonces and quorum in the control plane. */
export const targetsMutants: readonly Mutant[] = [
  {
    id: 'parked-run-acts',
    bug: 'a run that is over still puts its nonce into the target',
    file: 'core/src/plan/target.ts',
    find: 'if (repair?.state !== RepairState.RUNNING) return',
    replace: 'if (repair === undefined) return',
    unit: unit('core', 'plan/target'),
  },
  {
    id: 'epoch-not-stamped',
    bug: 'targets are sent without the epoch',
    file: 'core/src/plan/target.ts',
    find: 'epoch: BigInt(epoch), generation: BigInt(record.generation)',
    replace: 'epoch: 1n, generation: BigInt(record.generation)',
    unit: unit('core', 'plan/target'),
  },
  {
    id: 'preserved-wiped',
    bug: 'a broken machine is cleaned, not kept',
    file: 'core/src/plan/target.ts',
    find: 'if (machine.preserved && (node === undefined || mustLeave(node)))',
    replace: 'if (machine.preserved && node === undefined && machine.retireRequestedAtMs === 1)',
    unit: unit('core', 'plan/target'),
  },
  {
    id: 'nonce-of-rung-alone',
    bug: 'a second try has the name of the first',
    file: 'core/src/domain/health-records.ts',
    find: '`${repair.id}/${repair.rung}-${repair.attempt}`',
    replace: '`${repair.id}`',
    unit: unit('core', 'plan/target'),
  },
  {
    id: 'quorum-of-removal',
    bug: 'a member leaves the control plane without a quorum',
    file: 'core/src/plan/quorum.ts',
    find: 'const needed = Math.floor(rest.length / 2) + 1;',
    replace: 'const needed = 0;',
    unit: unit('core', 'plan/quorum'),
  },
];
