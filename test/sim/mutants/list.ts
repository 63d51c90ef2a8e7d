import { absenceMutants } from './absence.js';
import { agentMutants } from './agent.js';
import { breakersMutants } from './breakers.js';
import { ladderMutants } from './ladder.js';
import { sessionsMutants } from './sessions.js';
import { targetsMutants } from './targets.js';
import { witnessesMutants } from './witnesses.js';
import type { Mutant } from './mutant.js';

/** Bugs that somebody could make, by the rule that they break. */
export const mutants: readonly Mutant[] = [
  ...breakersMutants,
  ...absenceMutants,
  ...witnessesMutants,
  ...ladderMutants,
  ...targetsMutants,
  ...sessionsMutants,
  ...agentMutants,
];
