import { FlotillaError } from '@flotilla/kit';
import { type Call, parseLabels, usageError } from '../call.js';
import { differences, overlay } from '../manifest/difference.js';
import { type ManifestKind, manifestKinds, nounOfKind } from '../manifest/kinds.js';
import { recordOf } from '../manifest/steps/steps.js';
import { valueAtPath } from '../manifest/paths.js';
import type { Manifest } from '../manifest/read.js';
import { stepsOf } from '../manifest/steps/index.js';
import { parseNoun } from '../registry/nouns.js';
import { resources } from '../resources/index.js';
import { everything } from '../resources/resource.js';

const attemptsMax = 5;

interface Changes {
  readonly set: Readonly<Record<string, string>>;
  readonly drop: readonly string[];
}

/** `flotilla label TYPE NAME key=value … key-` */
export async function label(call: Call): Promise<void> {
  const noun = parseNoun(call.argument('type'));
  const nodes = call.options.flag('nodes');
  const kind = manifestKinds.find((each) => nounOfKind[each] === noun && each !== 'Member');
  if (kind === undefined) {
    throw usageError(
      `a ${noun} has no labels of its own`,
      noun === 'node' ? 'Labels of nodes come from their pool: flotilla label pool NAME key=value --nodes' : '',
    );
  }
  if (nodes && kind !== 'NodePool') throw usageError('--nodes goes with a pool: the labels of its nodes in Kubernetes');
  const changes = parseChanges(call.list('labels'));
  const subject = await subjectOf(call, kind);
  const path = nodes ? 'spec.template.labels' : 'meta.labels';
  const deed = await change(call, subject, path, changes);
  call.done(`${noun}/${subject.name}`, deed);
}

function parseChanges(words: readonly string[]): Changes {
  const drop = words.filter((word) => !word.includes('=') && word.endsWith('-')).map((word) => word.slice(0, -1));
  const set = parseLabels(
    'label',
    words.filter((word) => word.includes('=') || !word.endsWith('-')),
  );
  const both = drop.find((key) => Object.hasOwn(set, key));
  if (both !== undefined) throw usageError(`${both} is set and taken away in one call`);
  return { set, drop };
}

async function subjectOf(call: Call, kind: ManifestKind): Promise<Manifest> {
  const query = { ...everything, cluster: call.options.text('cluster') ?? '' };
  const item = await resources[nounOfKind[kind]].get(await call.session(), call.argument('name'), query);
  const cluster = kind === 'NodePool' ? String(item.json['cluster']) : '';
  return { kind, name: item.name, project: '', cluster, document: {}, place: '' };
}

/** Read, change, send with the etag; anew when somebody was faster, so that no label is lost. */
async function change(call: Call, subject: Manifest, path: string, changes: Changes): Promise<string> {
  const session = await call.session();
  const steps = stepsOf[subject.kind];
  for (let attempt = 1; ; attempt++) {
    const stored = await steps.load(session, subject);
    if (stored === undefined) throw new FlotillaError('NOT_FOUND', `${subject.name} is gone`, { kind: 'not-found' });
    const before = recordOf(valueAtPath(stored.document, path));
    refuseOverwriting(call, before, changes);
    const after = { ...before, ...changes.set };
    for (const key of changes.drop) delete after[key];
    const wanted = recordOf(wrap(path, after));
    if (differences(wanted, stored.document).length === 0) return 'has these labels already';
    const document = overlay(stored.document, wanted);
    try {
      await steps.update(session, subject, stored, { document, changed: [path] }, call.writeOptions());
      return 'labelled';
    } catch (error) {
      if (!(error instanceof FlotillaError) || error.kind !== 'conflict' || attempt >= attemptsMax) throw error;
    }
  }
}

function wrap(path: string, value: unknown): unknown {
  return path.split('.').reduceRight((inner, name) => ({ [name]: inner }), value);
}

function refuseOverwriting(call: Call, before: Readonly<Record<string, unknown>>, { set }: Changes): void {
  if (call.options.flag('overwrite')) return;
  const taken = Object.keys(set).filter((key) => Object.hasOwn(before, key) && before[key] !== set[key]);
  if (taken.length === 0) return;
  const texts = taken.map((key) => `${key} is ${String(before[key])}`);
  throw new FlotillaError('LABEL_EXISTS', `${texts.join(', ')}; nothing was changed`, {
    kind: 'already-exists',
    remedy: 'To replace it: --overwrite',
  });
}
