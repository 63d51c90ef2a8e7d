import { FlotillaError } from '@flotilla/kit';
import { type Call, usageError } from '../call.js';
import { loadManifests } from '../manifest/files.js';
import { titleOf } from '../manifest/form.js';
import { inOrder, manifestsRefused, problemsOf } from '../manifest/plan.js';
import type { Manifest } from '../manifest/read.js';
import { stepsOf } from '../manifest/steps/index.js';
import type { Stored } from '../manifest/steps/steps.js';

interface Doomed {
  readonly manifest: Manifest;
  readonly stored: Stored;
}

/** `flotilla delete -f FILE`: what the files name, children first; what is not there any more is skipped. */
export async function deleteManifests(call: Call): Promise<void> {
  if (call.options.list('file').length === 0) {
    throw usageError(
      'delete what?',
      'Say which: flotilla delete cluster|pool|machine|project NAME, or flotilla delete -f FILE',
    );
  }
  const manifests = [...inOrder(await loadManifests(call, 'Nothing was deleted.'))].reverse();
  const doomed: Doomed[] = [];
  const problems: string[] = [];
  const session = await call.session();
  for (const manifest of manifests) {
    const steps = stepsOf[manifest.kind];
    const stored = await steps.load(session, manifest);
    if (stored === undefined) {
      call.print(`${titleOf(manifest)} is not there`);
      continue;
    }
    doomed.push({ manifest, stored });
    try {
      await steps.remove(session, manifest, stored, { ...call.writeOptions(), validateOnly: true });
    } catch (error) {
      problems.push(...problemsOf(error, manifest.place));
    }
  }
  if (problems.length > 0) throw manifestsRefused(problems, 'Nothing was deleted.');
  await confirm(call, doomed);
  for (const { manifest, stored } of doomed) {
    if (!call.dryRun) await stepsOf[manifest.kind].remove(session, manifest, stored, call.writeOptions());
    call.done(titleOf(manifest), manifest.kind === 'Member' ? 'removed' : 'is being deleted');
  }
}

/** The names of clusters and projects are typed, one after the other; for the rest the count. */
async function confirm(call: Call, doomed: readonly Doomed[]): Promise<void> {
  if (doomed.length === 0 || call.options.flag('yes') || call.dryRun) return;
  const { stdin, stderr, signal } = call.env;
  const titles = doomed.map(({ manifest }) => titleOf(manifest));
  if (!stdin.isTTY || !stderr.isTTY) {
    throw new FlotillaError(
      'CONFIRMATION_NEEDED',
      `to delete ${titles.join(', ')} needs a yes, and there is no terminal to ask on`,
      {
        kind: 'invalid-argument',
        remedy: 'Add --yes. To see first what would be checked: --dry-run.',
      },
    );
  }
  const grave = doomed.filter(({ manifest: { kind } }) => kind === 'Cluster' || kind === 'Project');
  const words = grave.length > 0 ? grave.map(({ manifest }) => manifest.name) : ['yes'];
  stderr.write(`This deletes ${titles.join(', ')}.\n`);
  for (const [at, word] of words.entries()) {
    const grand = grave[at];
    stderr.write(
      grand === undefined ? 'Type yes to go on: ' : `Type the name of ${titleOf(grand.manifest)} to go on: `,
    );
    if ((await stdin.readLine(signal))?.trim() !== word)
      throw new FlotillaError('NOT_CONFIRMED', `that is not ${word}. Nothing was deleted`, { kind: 'precondition' });
  }
}
