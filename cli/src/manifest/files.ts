import { join, resolve } from 'node:path';
import { FlotillaError } from '@flotilla/kit';
import { type Call, usageError } from '../call.js';
import { manifestsRefused } from './plan.js';
import { type Manifest, readManifests } from './read.js';

const manifestBytesMax = 4 * 1024 * 1024;
const filesMax = 1000;

/** Every document of `-f`: files, folders (their .yaml, .yml and .json, not what is below them) and `-`. All checked. */
export async function loadManifests(call: Call, end: string): Promise<readonly Manifest[]> {
  const given = call.options.list('file');
  if (given.length === 0) throw usageError('which file? Say -f FILE, -f FOLDER, or -f - for standard input');
  const manifests: Manifest[] = [];
  const problems: string[] = [];
  for (const { name, text } of await textsOf(call, given)) {
    const result = readManifests(text, name);
    manifests.push(...result.manifests);
    problems.push(...result.problems);
  }
  problems.push(...duplicates(manifests));
  if (problems.length > 0) throw manifestsRefused(problems, end);
  if (manifests.length === 0) throw usageError(`there is no document in ${given.join(', ')}`);
  return manifests;
}

async function textsOf(call: Call, given: readonly string[]): Promise<{ name: string; text: string }[]> {
  const texts: { name: string; text: string }[] = [];
  for (const file of given) {
    if (file === '-') {
      texts.push({ name: 'stdin', text: await call.env.stdin.readAll(manifestBytesMax) });
      continue;
    }
    const entries = await call.env.files.list(resolve(call.env.workDir, file));
    const inside = entries?.filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
    const names = inside?.map((name) => join(file, name)) ?? [file];
    if (names.length > filesMax) throw usageError(`${file} has more than ${filesMax} manifests`);
    for (const name of names) texts.push({ name, text: await textOf(call, name) });
  }
  return texts;
}

async function textOf({ env }: Call, file: string): Promise<string> {
  const path = resolve(env.workDir, file);
  const found = await env.files.read(path, manifestBytesMax);
  if (found !== undefined) return found.text;
  throw new FlotillaError('FILE_NOT_FOUND', `there is no file ${path}`, { kind: 'invalid-argument' });
}

function duplicates(manifests: readonly Manifest[]): string[] {
  const seen = new Map<string, string>();
  return manifests.flatMap(({ kind, project, cluster, name, place }) => {
    const key = `${kind} ${project} ${cluster} ${name}`;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, place);
    return first === undefined ? [] : [`${place}: ${kind} ${name} was given before, at ${first}.`];
  });
}
