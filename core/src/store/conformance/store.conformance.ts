import { describe } from 'vitest';
import type { Store } from '../store.js';
import { opener } from './bench.conformance.js';
import { commitsConformance } from './commits.conformance.js';
import { healthConformance } from './health.conformance.js';
import { listsConformance } from './lists.conformance.js';
import { membersConformance } from './members.conformance.js';
import { projectsConformance } from './projects.conformance.js';
import { tokensConformance } from './tokens.conformance.js';

/** Every engine behind the store's contract passes this suite, or it is no engine. */
export function storeConformance(name: string, open: () => Promise<Store>): void {
  describe(`store conformance: ${name}`, () => {
    const opened = opener(open);
    commitsConformance(opened);
    tokensConformance(opened);
    membersConformance(opened);
    listsConformance(opened);
    healthConformance(opened);
    projectsConformance(opened);
  });
}
