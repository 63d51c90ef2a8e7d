import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');

export interface Source {
  /** Path from the root of the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** The text without comments and without the contents of strings; line numbers kept. */
  readonly code: string;
  /** What it imports: a repository path (`core/src/plan/pool`), a package (`yaml`) or a node module (`node:fs`). */
  readonly imports: readonly string[];
}

const skipped = new Set(['node_modules', 'dist', 'gen', '.git', '.turbo', '.flotilla', 'coverage']);

/** All hand-written TypeScript of the packages. */
export function loadSources(packages: readonly string[]): Source[] {
  return packages.flatMap((name) =>
    walk(join(root, name))
      .filter((f) => /\.ts$/.test(f))
      .map(loadSource),
  );
}

/** Every folder below `dir` that holds files, with their names. */
export function foldersOf(dir: string): Map<string, string[]> {
  const folders = new Map<string, string[]>();
  for (const file of walk(join(root, dir))) {
    const folder = relative(root, dirname(file));
    folders.set(folder, [...(folders.get(folder) ?? []), file.slice(file.lastIndexOf('/') + 1)]);
  }
  return folders;
}

function walk(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name)) return [];
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return walk(path);
    return entry.isFile() ? [path] : [];
  });
}

function loadSource(file: string): Source {
  const text = readFileSync(file, 'utf8');
  const path = relative(root, file);
  return { path, text, code: withoutCommentsAndStrings(text), imports: importsOf(path, text) };
}

/** Module specifiers, relative ones resolved to repository paths without ending. */
export function importsOf(path: string, text: string): string[] {
  const found = new Set<string>();
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*['"]([^'"]+)['"]|\bimport\s*\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s*['"]([^'"]+)['"]/g;
  for (const match of text.matchAll(pattern)) {
    const specifier = match[1] ?? match[2] ?? match[3] ?? '';
    found.add(specifier.startsWith('.') ? join(dirname(path), specifier).replace(/\.(js|ts)$/, '') : specifier);
  }
  return [...found];
}

/** Blanks comments and string contents so that words in prose are not taken for calls. */
export function withoutCommentsAndStrings(text: string): string {
  const pattern =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\/(?![*/\s])(?:\\.|\[(?:\\.|[^\]\n])*\]|[^/\\\n[])+\/[dgimsuvy]*(?=\s*[.,;)\]]|\s*$)/gm;
  return text.replace(pattern, (match) => match.replace(/[^\n]/g, ' '));
}
