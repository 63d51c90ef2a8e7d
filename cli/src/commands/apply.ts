import type { Call } from '../call.js';
import { loadManifests } from '../manifest/files.js';
import { planSteps, type Step } from '../manifest/plan.js';

/** `flotilla apply -f FILE`: checks everything, here and at the server, before anything is written. */
export async function apply(call: Call): Promise<void> {
  const manifests = await loadManifests(call, 'Nothing was applied.');
  const steps = await planSteps(call, manifests);
  for (const [at, step] of steps.entries()) {
    try {
      if (!call.dryRun) await step.commit?.();
    } catch (error) {
      call.env.stderr.write(
        `Applied before that: ${listOf(steps.slice(0, at))}. Not applied: ${listOf(steps.slice(at))}.\n`,
      );
      throw error;
    }
    call.done(step.what, step.deed);
  }
}

function listOf(steps: readonly Step[]): string {
  return steps.length === 0 ? 'nothing' : steps.map(({ what }) => what).join(', ');
}
