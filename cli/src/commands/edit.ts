import { join } from 'node:path';
import { FlotillaError, randomText } from '@flotilla/kit';
import { type Call, usageError } from '../call.js';
import { titleOf, toReadable } from '../manifest/form.js';
import { manifestKinds, nounOfKind, otherWays } from '../manifest/kinds.js';
import { problemsOf, updateStored } from '../manifest/plan.js';
import type { Manifest } from '../manifest/read.js';
import { stepsOf } from '../manifest/steps/index.js';
import { EditText, judgeEdit } from '../manifest/edit-text.js';
import { nouns, parseSelection } from '../registry/nouns.js';
import { resources } from '../resources/index.js';
import { everything } from '../resources/resource.js';

/** `flotilla edit TYPE NAME`: the manifest in an editor; what is wrong comes back as comments, and nothing is lost. */
export async function edit(call: Call): Promise<void> {
  const subject = await findSubject(call);
  const { env } = call;
  const dir = join(env.tempDir, `flotilla-edit-${randomText(12, env.random)}`);
  const path = join(dir, `${nounOfKind[subject.kind]}-${subject.name.replace(/[^a-zA-Z0-9.-]/g, '_')}.yaml`);
  let keep = false;
  try {
    call.print(`${titleOf(subject)} ${await editUntilGood(call, subject, path, (kept) => (keep = kept))}`);
    keep = false;
  } catch (error) {
    if (keep) env.stderr.write(`Your text is kept in ${path}\n`);
    throw error;
  } finally {
    if (!keep) await env.files.remove(dir);
  }
}

async function findSubject(call: Call): Promise<Manifest> {
  const { noun, names } = parseSelection(call.list('type'));
  const [name, ...more] = names;
  if (name === undefined || more.length > 0) throw usageError('edit one thing at a time: flotilla edit TYPE NAME');
  const kind = manifestKinds.find((each) => nounOfKind[each] === noun);
  if (kind === undefined) {
    const way = otherWays[nouns[noun].kind];
    throw usageError(`a ${noun} cannot be edited`, way === undefined ? '' : `It ${way}.`);
  }
  const query = { ...everything, cluster: call.options.text('cluster') ?? '' };
  const { json, name: found } = await resources[noun].get(await call.session(), name, query);
  const cluster = kind === 'NodePool' ? String(json['cluster']) : '';
  return { kind, name: found, project: '', cluster, document: {}, place: '' };
}

/** Gives the deed: "changed", or "unchanged" and why. */
async function editUntilGood(
  call: Call,
  subject: Manifest,
  path: string,
  setKeep: (keep: boolean) => void,
): Promise<string> {
  const session = await call.session();
  const { stringify } = await import('yaml');
  const load = async (): Promise<Record<string, unknown>> => {
    const stored = await stepsOf[subject.kind].load(session, subject);
    if (stored !== undefined) return { ...stored.document };
    throw new FlotillaError('GONE_MEANWHILE', `${titleOf(subject)} was deleted meanwhile`, { kind: 'not-found' });
  };
  let base = await load();
  let text = new EditText(titleOf(subject), stringify(toReadable(subject, base), { lineWidth: 0 }), []);
  for (;;) {
    const saved = await openEditor(call, path, text);
    if (saved.body.trim() === '') return 'unchanged: the file was empty';
    if (saved.body === text.body) {
      if (text.problems.length === 0) return 'unchanged';
      throw new FlotillaError('EDIT_CANCELLED', 'the same text was saved again, and it is still wrong', {
        kind: 'precondition',
      });
    }
    setKeep(true);
    const judged = judgeEdit(subject, base, saved.body);
    if ('problems' in judged) {
      text = saved.with(judged.problems);
      continue;
    }
    if (judged.changed.length === 0) return 'unchanged';
    const current = await load();
    const before = base;
    const moved = judged.changed.filter((changed) => judged.movedSince(before, current, changed));
    if (moved.length > 0) {
      text = saved.with(moved.map((changed) => judged.movedText(current, changed)));
      base = current;
      continue;
    }
    try {
      await updateStored(call, session, { ...subject, document: judged.pick(judged.changed) });
      return 'changed';
    } catch (error) {
      text = saved.with(problemsOf(error, '').map((problem) => problem.replace(/^: /, '')));
    }
  }
}

async function openEditor(call: Call, path: string, text: EditText): Promise<EditText> {
  const { env } = call;
  await env.files.writeAtomic(path, text.toString(), 0o600);
  const code = await env.runOnTerminal([...editorOf(call), path]);
  const saved = text.saved((await env.files.read(path))?.text ?? '');
  if (code === 0) return saved;
  throw new FlotillaError('EDITOR_FAILED', `the editor ended with ${code}; nothing was changed`, {
    kind: 'precondition',
    remedy: 'The editor is $FLOTILLA_EDITOR, $VISUAL or $EDITOR, else vi; it must wait until the file is closed.',
  });
}

/** Words are split at spaces: `code --wait`. No shell reads them. */
function editorOf({ env: { vars } }: Call): readonly string[] {
  const wanted = [vars['FLOTILLA_EDITOR'], vars['VISUAL'], vars['EDITOR']].find((each) => each?.trim());
  return (wanted ?? 'vi').trim().split(/\s+/);
}
