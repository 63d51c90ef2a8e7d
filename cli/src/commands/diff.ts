import type { Call } from '../call.js';
import { differences, overlay } from '../manifest/difference.js';
import { loadManifests } from '../manifest/files.js';
import { titleOf, toReadable } from '../manifest/form.js';
import { inOrder, planSteps } from '../manifest/plan.js';
import type { Manifest } from '../manifest/read.js';
import { stepsOf } from '../manifest/steps/index.js';
import { unifiedDiff } from '../manifest/unified.js';

/** `flotilla diff -f FILE`: what apply would change, as unified diffs; exit code 1 when there is any. */
export async function diff(call: Call): Promise<void> {
  const manifests = await loadManifests(call, 'Nothing was compared.');
  // What apply would refuse is refused here, too.
  await planSteps(call, manifests);
  for (const manifest of inOrder(manifests)) {
    const text = await diffOf(call, manifest);
    if (text === '') continue;
    call.print(coloured(call, text));
    call.exitCode = 1;
  }
}

async function diffOf(call: Call, manifest: Manifest): Promise<string> {
  const stored = await stepsOf[manifest.kind].load(await call.session(), manifest);
  const { stringify } = await import('yaml');
  const textOf = (document: Readonly<Record<string, unknown>>): string =>
    stringify(toReadable(manifest, document), { lineWidth: 0 });
  const title = titleOf(manifest);
  if (stored === undefined)
    return unifiedDiff('', textOf(overlay({}, manifest.document)), { before: '/dev/null', after: title });
  if (differences(manifest.document, stored.document).length === 0) return '';
  const wanted = textOf(overlay(stored.document, manifest.document));
  return unifiedDiff(textOf(stored.document), wanted, { before: `${title} (server)`, after: `${title} (file)` });
}

function coloured(call: Call, text: string): string {
  return text
    .split('\n')
    .map((line) => call.paint(line, line.startsWith('+') ? 'good' : line.startsWith('-') ? 'bad' : 'plain'))
    .join('\n');
}
