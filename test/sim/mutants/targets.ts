import { unit, type Mutant } from './mutant.js';

/** Targets, nonces and quorum in the control plane. */
export const targetsMutants: readonly Mutant[] = [
  {
    id: 'rejoin-reboots',
    bug: 'the rung of rejoining asks for a reboot',
    file: 'core/src/plan/target.ts',
    find: "[RepairRung.REJOIN]: 'resetNonce',",
    replace: "[RepairRung.REJOIN]: 'rebootNonce',",
    unit: unit('core', 'plan/target-update'),
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
    unit: unit('core', 'plan/target-update'),
  },
  {
    id: 'nonce-of-each-look',
    bug: 'each update of a run asks for its act again',
    file: 'core/src/plan/target.ts',
    find: '{ [field]: rungNonce(repair) }',
    replace: '{ [field]: `${rungNonce(repair)}@${repair.version}` }',
    unit: unit('core', 'plan/target-update'),
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
