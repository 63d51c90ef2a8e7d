import { claimedDirectories } from '../../host/paths.js';
import type { Step } from '../step.js';

/** Before anything is installed: notes what was in the directories that Kubernetes is going to fill. */
export const claimDirectories: Step = {
  name: 'claim-directories',
  phase: 'prepare-host',
  deadlineMs: 60_000,
  async check({ host, changes }) {
    for (const { path } of claimedDirectories) {
      // Directories below /run are gone after a boot; their claims stand.
      if (!changes.claims(path) || !(await host.exists(path))) return 'needed';
    }
    return 'done';
  },
  async apply({ changes }) {
    for (const { path, mode } of claimedDirectories) await changes.claimDir(path, mode);
  },
};
