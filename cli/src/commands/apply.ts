import { resolve } from 'node:path';
import { type ErrorKind, FlotillaError } from '@flotilla/kit';
import { type Call, type Session, usageError } from '../call.js';
import { type Manifest, readManifests } from '../manifest/read.js';
import { planCluster, type Step } from '../manifest/cluster-step.js';
import { planPool } from '../manifest/pool-step.js';

const manifestBytesMax = 4 * 1024 * 1024;

/** `flotilla apply -f FILE`: checks everything, here and at the server, before anything is written. */
export async function apply(call: Call): Promise<void> {
  const files = call.options.list('file');
  if (files.length === 0) throw usageError('which file? Say -f FILE, or -f - for standard input');
  const manifests = await readAll(call, files);
  const session = await call.session();
  const steps = await plan(session, manifests, call);
  await commit(call, session, steps);
}

async function readAll(call: Call, files: readonly string[]): Promise<readonly Manifest[]> {
  const manifests: Manifest[] = [];
  const problems: string[] = [];
  for (const file of files) {
    const result = readManifests(await textOf(call, file), file === '-' ? 'stdin' : file);
    manifests.push(...result.manifests);
    problems.push(...result.problems);
  }
  problems.push(...duplicates(manifests));
  if (problems.length > 0) throw refused(problems);
  if (manifests.length === 0) throw usageError(`there is nothing to apply in ${files.join(', ')}`);
  return manifests;
}

async function textOf({ env }: Call, file: string): Promise<string> {
  if (file === '-') return env.stdin.readAll(manifestBytesMax);
  const path = resolve(env.workDir, file);
  const found = await env.files.read(path, manifestBytesMax);
  if (found !== undefined) return found.text;
  throw new FlotillaError('FILE_NOT_FOUND', `there is no file ${path}`, { kind: 'invalid-argument' });
}

function duplicates(manifests: readonly Manifest[]): string[] {
  const seen = new Map<string, string>();
  return manifests.flatMap(({ kind, cluster, name, place }) => {
    const key = `${kind} ${cluster} ${name}`;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, place);
    return first === undefined ? [] : [`${place}: ${kind} ${name} was given before, at ${first}.`];
  });
}

/** Clusters first: pools of the same call may belong to them. Every refusal of the server is collected. */
async function plan(session: Session, manifests: readonly Manifest[], call: Call): Promise<readonly Step[]> {
  const steps: Step[] = [];
  const problems: string[] = [];
  // Clusters that are not there yet: the server cannot check their pools.
  const coming = new Set<string>();
  const ordered = [...manifests].sort((a, b) => Number(a.kind === 'NodePool') - Number(b.kind === 'NodePool'));
  for (const manifest of ordered) {
    try {
      const step =
        manifest.kind === 'Cluster'
          ? await planCluster(session, manifest, call)
          : await planPool(session, manifest, call, coming.has(manifest.cluster));
      if (step.deed === 'created' && manifest.kind === 'Cluster') coming.add(manifest.name);
      steps.push(step);
    } catch (error) {
      if (manifest.kind === 'Cluster') coming.add(manifest.name);
      problems.push(...problemsOf(error, manifest.place));
    }
  }
  if (problems.length > 0) throw refused(problems);
  return steps;
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
function problemsOf(error: unknown, place: string): string[] {
  if (!(error instanceof FlotillaError) || !aboutDocument.includes(error.kind)) throw error;
  const cure = error.remedy === '' ? '' : ` ${error.remedy}`;
  if (error.violations.length === 0) return [`${place}: ${error.code}: ${ended(error.message)}${cure}`];
  return error.violations.map(({ field, description }) => `${place}: ${field} ${ended(description)}`);
}

function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

async function commit(call: Call, session: Session, steps: readonly Step[]): Promise<void> {
  for (const [at, step] of steps.entries()) {
    try {
      if (step.commit !== undefined && !call.dryRun) await step.commit(session);
    } catch (error) {
      const left = steps.slice(at).map(({ what }) => what);
      call.env.stderr.write(
        `Applied before that: ${
          at === 0
            ? 'nothing'
            : steps
                .slice(0, at)
                .map(({ what }) => what)
                .join(', ')
        }. Not applied: ${left.join(', ')}.\n`,
      );
      throw error;
    }
    call.done(step.what, step.deed);
  }
}

function refused(problems: readonly string[]): FlotillaError {
  return new FlotillaError('MANIFEST_INVALID', `${problems.join('\n')}\nNothing was applied.`, {
    kind: 'invalid-argument',
  });
}
