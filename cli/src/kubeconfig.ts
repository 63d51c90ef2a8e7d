import { join, resolve } from 'node:path';
import { type Document, isMap, isScalar, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';
import { FlotillaError } from '@flotilla/kit';
import type { Env } from './env.js';

export interface MergeOptions {
  /** Name of the entries in the file. */
  readonly name: string;
  readonly setCurrent: boolean;
  /** Replaces entries of that name even when they point to another server. */
  readonly force: boolean;
}

export interface Merged {
  readonly path: string;
  /** Copy of what was there before; undefined when there was nothing. */
  readonly backup: string | undefined;
}

const sections = ['clusters', 'users', 'contexts'] as const;

/** First file of `$KUBECONFIG`, else `~/.kube/config`. */
export function kubeconfigPath(env: Env): string {
  const [first] = (env.vars['KUBECONFIG'] ?? '').split(':').filter((path) => path !== '');
  return first === undefined ? join(env.homeDir, '.kube', 'config') : resolve(env.workDir, first);
}

/**
 * Puts cluster, user and context of `issued` into the user's kubeconfig: under kubectl's own lock, with a backup, by
 * temporary file and rename. Comments, order and everything else of the file stay; current-context only moves when asked.
 */
export async function mergeKubeconfig(env: Env, issued: string, options: MergeOptions): Promise<Merged> {
  const path = await env.files.resolveLink(kubeconfigPath(env));
  return env.files.withLock(path, async () => {
    const before = await env.files.read(path);
    const merged = mergeText(before?.text ?? '', renameEntries(issued, options.name), options, path);
    const backup = before === undefined ? undefined : `${path}.flotilla-backup`;
    if (before !== undefined && backup !== undefined) await env.files.writeAtomic(backup, before.text, 0o600);
    // It holds a private key now, whatever it was before.
    await env.files.writeAtomic(path, merged, before === undefined ? 0o600 : before.mode & 0o700);
    return { path, backup };
  });
}

/** The issued kubeconfig with its cluster, user and context under one name. */
export function renameEntries(issued: string, name: string): string {
  const document = parse(issued, 'what the server issued');
  for (const section of sections) {
    const [entry] = entriesOf(document, section, 'what the server issued').items;
    if (!isMap(entry)) throw invalid('what the server issued', `it has no ${section}`);
    entry.set('name', name);
  }
  document.setIn(['contexts', 0, 'context', 'cluster'], name);
  document.setIn(['contexts', 0, 'context', 'user'], name);
  document.set('current-context', name);
  return document.toString({ lineWidth: 0 });
}

/** Pure: the file's text with the entries of `addition` in it. */
export function mergeText(existing: string, addition: string, options: MergeOptions, path: string): string {
  const added = parse(addition, 'what the server issued');
  if (existing.trim() === '') {
    if (!options.setCurrent) added.delete('current-context');
    return added.toString({ lineWidth: 0 });
  }
  const document = parse(existing, path);
  refuseForeign(document, added, options, path);
  for (const section of sections) {
    const entries = entriesOf(document, section, path);
    const [entry] = entriesOf(added, section, path).items;
    const at = indexOfName(entries, options.name);
    if (at === -1) entries.items.push(entry);
    else entries.items[at] = entry;
    entries.flow = false;
  }
  if (options.setCurrent) document.set('current-context', options.name);
  return document.toString({ lineWidth: 0 });
}

/** An entry of the same name that belongs to another server is somebody else's. */
function refuseForeign(document: Document, added: Document, { name, force }: MergeOptions, path: string): void {
  const theirs = serverOf(document, name, path);
  const ours = serverOf(added, name, path);
  if (force || theirs === undefined || theirs === ours) return;
  throw new FlotillaError(
    'CONTEXT_EXISTS',
    `${path} has a cluster "${name}" already, at ${theirs}, not at ${ours ?? '?'}`,
    {
      kind: 'already-exists',
      remedy: 'Choose another name: --name NAME. To replace that entry: --force',
    },
  );
}

function serverOf(document: Document, name: string, path: string): string | undefined {
  const entries = entriesOf(document, 'clusters', path);
  const at = indexOfName(entries, name);
  const server: unknown = at === -1 ? undefined : entries.getIn([at, 'cluster', 'server']);
  return at === -1 ? undefined : String(server);
}

function indexOfName(entries: YAMLSeq, name: string): number {
  return entries.items.findIndex((entry) => isMap(entry) && entry.get('name') === name);
}

/** The list under a key; made when it is missing or null, as kubectl leaves it. */
function entriesOf(document: Document, section: string, path: string): YAMLSeq {
  const found: unknown = document.get(section, true);
  if (isSeq(found)) return found;
  if (found !== undefined && !(isScalar(found) && found.value === null))
    throw invalid(path, `${section} is not a list`);
  document.set(section, document.createNode([]));
  const made: unknown = document.get(section, true);
  if (!isSeq(made)) throw invalid(path, `${section} is not a list`);
  return made;
}

function parse(text: string, path: string): Document<YAMLMap> {
  const document = parseDocument<YAMLMap>(text);
  if (document.errors.length > 0) throw invalid(path, document.errors[0]?.message.split('\n')[0] ?? 'it is not YAML');
  if (!isMap(document.contents)) throw invalid(path, 'it is not a kubeconfig');
  return document;
}

function invalid(path: string, why: string): FlotillaError {
  return new FlotillaError('KUBECONFIG_INVALID', `${path} cannot be used: ${why}`, {
    kind: 'precondition',
    remedy: 'Nothing was changed. Without --merge the kubeconfig is printed.',
  });
}
