import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');

/** Whose terminal a block of commands is meant for: the second word after the fence. */
export const places = ['operator', 'server', 'control-plane'] as const;

export interface Block {
  readonly page: string;
  /** Line of the fence, from 1. */
  readonly line: number;
  /** `sh operator` → `sh` */
  readonly language: string;
  readonly place: string;
  readonly lines: readonly string[];
}

export interface Command {
  readonly page: string;
  readonly line: number;
  readonly place: string;
  readonly text: string;
}

/** Paths of the pages that operators and contributors read, from the root of the checkout. */
export function pages(): string[] {
  const inDocs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
  return [
    'README.md',
    'CONTRIBUTING.md',
    ...inDocs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
  ];
}

export function pageText(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

/** The fenced blocks of a page; a fence that is never closed is an error. */
export function blocksOf(page: string, text: string): Block[] {
  const blocks: Block[] = [];
  let open: { line: number; info: string; lines: string[] } | undefined;
  for (const [at, line] of text.split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === undefined) open = { line: at + 1, info: fence[1] ?? '', lines: [] };
    else {
      const [language = '', place = ''] = open.info.trim().split(/\s+/);
      blocks.push({ page, line: open.line, language, place, lines: open.lines });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`${page}:${open.line}: this block is never closed`);
  return blocks;
}

/** Every line of the `sh` blocks, without comments and empty ones. */
export function commandsOf(blocks: readonly Block[]): Command[] {
  return blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ page, line, place, lines }) =>
      lines
        .map((text, at) => ({ page, line: line + at + 1, place, text: text.replace(/\s+#.*$/, '').trim() }))
        .filter(({ text }) => text !== ''),
    );
}

/** Code inside of sentences and tables: `like this`. */
export function inlineCode(text: string): string[] {
  const prose = text.replace(/^```[^]*?^```$/gm, '');
  return [...prose.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '');
}

/** Targets of links to files of this checkout, without the part after #. */
export function linkedFiles(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => (match[1] ?? '').replace(/#.*$/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target));
}

/** The words of `program …` where it is called in a line, up to a pipe, a redirection or the next command. */
export function argvOf(program: string, line: string): string[] | undefined {
  const words = line.matchAll(/"([^"]*)"|'([^']*)'|(&&|[|;><])|([^\s|;><"']+)/g);
  let argv: string[] | undefined;
  let callable = true;
  for (const [, double, single, end, bare] of words) {
    if (end !== undefined && argv !== undefined) return argv;
    const word = double ?? single ?? bare ?? '';
    if (argv !== undefined) argv.push(word);
    else if (callable && (word === program || word.endsWith(`/${program}`))) argv = [];
    callable = end !== undefined || word === 'sudo' || word === 'node';
  }
  return argv;
}
