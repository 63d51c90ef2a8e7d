import { type ErrorKind, FlotillaError } from '@flotilla/kit';
import type { Call, Session } from '../call.js';
import { differences, overlay } from './difference.js';
import { titleOf } from './form.js';
import { manifestKinds } from './kinds.js';
import type { Manifest } from './read.js';
import { stepsOf } from './steps/index.js';
import type { Stored } from './steps/steps.js';

/** How often a change is tried anew when somebody else changed the same thing meanwhile. */
const attemptsMax = 5;

/** What applying one document comes to, checked and not yet done. */
export interface Step {
  /** `pool/workers` */
  readonly what: string;
  /** created, changed, unchanged */
  readonly deed: string;
  /** Undefined when there is nothing to do. */
  readonly commit: (() => Promise<void>) | undefined;
}

/** Parents first, so that children of the same call find them. */
export function inOrder(manifests: readonly Manifest[]): readonly Manifest[] {
  const rank = ({ kind }: Manifest): number => manifestKinds.indexOf(kind);
  return [...manifests].sort((a, b) => rank(a) - rank(b));
}

/** Checks every document at the server; refusals are collected, and nothing is written. */
export async function planSteps(call: Call, manifests: readonly Manifest[]): Promise<readonly Step[]> {
  const session = await call.session();
  const steps: Step[] = [];
  const problems: string[] = [];
  // Parents that are not there yet: the server cannot check what belongs to them.
  const coming = new Set<string>();
  for (const manifest of inOrder(manifests)) {
    const orphan = coming.has(`Project ${manifest.project}`) || coming.has(`Cluster ${manifest.cluster}`);
    try {
      const step = await planStep(call, session, manifest, orphan);
      if (step.deed === 'created') coming.add(`${manifest.kind} ${manifest.name}`);
      steps.push(step);
    } catch (error) {
      coming.add(`${manifest.kind} ${manifest.name}`);
      problems.push(...problemsOf(error, manifest.place));
    }
  }
  if (problems.length > 0) throw manifestsRefused(problems, 'Nothing was applied.');
  return steps;
}

async function planStep(call: Call, session: Session, manifest: Manifest, orphan: boolean): Promise<Step> {
  const what = titleOf(manifest);
  const steps = stepsOf[manifest.kind];
  const stored = orphan ? undefined : await steps.load(session, manifest);
  if (stored === undefined) {
    if (!orphan) await steps.create(session, manifest, { ...call.writeOptions(), validateOnly: true });
    return { what, deed: 'created', commit: () => steps.create(session, manifest, call.writeOptions()) };
  }
  if (differences(manifest.document, stored.document).length === 0)
    return { what, deed: 'unchanged', commit: undefined };
  await updateOnce(session, manifest, stored, { ...call.writeOptions(), validateOnly: true });
  return { what, deed: 'changed', commit: () => updateStored(call, session, manifest) };
}

/** Loads, lays the document over, sends; anew when it was changed in between. */
export async function updateStored(call: Call, session: Session, manifest: Manifest): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const stored = await stepsOf[manifest.kind].load(session, manifest);
    if (stored === undefined) throw gone(manifest);
    try {
      await updateOnce(session, manifest, stored, call.writeOptions());
      return;
    } catch (error) {
      if (!(error instanceof FlotillaError) || error.kind !== 'conflict' || attempt >= attemptsMax) throw error;
    }
  }
}

async function updateOnce(
  session: Session,
  manifest: Manifest,
  stored: Stored,
  write: { requestId: string; validateOnly: boolean },
): Promise<void> {
  const changed = differences(manifest.document, stored.document);
  if (changed.length === 0) return;
  const document = overlay(stored.document, manifest.document);
  await stepsOf[manifest.kind].update(session, manifest, stored, { document, changed }, write);
}

const aboutDocument: readonly ErrorKind[] = [
  'invalid-argument',
  'precondition',
  'already-exists',
  'not-found',
  'conflict',
  'out-of-range',
];

/** What the server refuses, at the place of the document. Failures that are not about the document end everything. */
export function problemsOf(error: unknown, place: string): string[] {
  if (!(error instanceof FlotillaError) || !aboutDocument.includes(error.kind)) throw error;
  const cure = error.remedy === '' ? '' : ` ${error.remedy}`;
  if (error.violations.length === 0) return [`${place}: ${error.code}: ${ended(error.message)}${cure}`];
  return error.violations.map(({ field, description }) => `${place}: ${field} ${ended(description)}`);
}

/** One refusal for everything that is wrong, each with its place; exit code 2. */
export function manifestsRefused(problems: readonly string[], end: string): FlotillaError {
  return new FlotillaError('MANIFEST_INVALID', `${problems.join('\n')}\n${end}`, { kind: 'invalid-argument' });
}

function gone(manifest: Manifest): FlotillaError {
  return new FlotillaError('GONE_MEANWHILE', `${titleOf(manifest)} was deleted meanwhile`, { kind: 'not-found' });
}

function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
