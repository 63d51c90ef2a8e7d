import { claimedDirectories } from '../../host/paths.js';
import type { Step } from '../step.js';

/** Before anything is installed: notes what was in the directories that Kubernetes is going to fill. */
export const claimDirectories: Step = {
  name: 'claim-directories',
  phase: 'prepare-host',
  deadlineMs: 60_000,
  async check({ host, changes }) {
    for (const { path } of claimedDirectories) {
      if (!changes.claims(path)) return 'needed';
      // Those below /run are gone after a boot and made again by who uses them; their claims stand.
      if (!path.startsWith('/run/') && !(await host.exists(path))) return 'needed';
    }
    return 'done';
  },
  async apply({ changes }) {
    for (const { path, mode } of claimedDirectories) await changes.claimDir(path, mode);
  },
};
