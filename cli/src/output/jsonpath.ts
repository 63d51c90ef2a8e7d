import { FlotillaError } from '@flotilla/kit';

/**
 * The part of kubectl's JSONPath that people type: `{.items[*].meta.name}`, `{range .items[*]}{.x}{"\n"}{end}`, indexes,
 * slices, `['key']`, `..name`, and `[?(@.a.b=="c")]`.
 */
type Step =
  | { kind: 'field'; name: string }
  | { kind: 'all' }
  | { kind: 'descend'; name: string }
  | { kind: 'slice'; from: number | undefined; to: number | undefined }
  | { kind: 'index'; at: number }
  | { kind: 'filter'; path: readonly Step[]; operator: string; value: unknown };

type Piece =
  | { kind: 'text'; text: string }
  | { kind: 'path'; steps: readonly Step[] }
  | { kind: 'range'; steps: readonly Step[]; body: readonly Piece[] };

export type Template = readonly Piece[];

/** Reads a template; anything wrong is refused with the place. */
export function parseTemplate(source: string): Template {
  const text = source.includes('{')
    ? source
    : `{${source.startsWith('.') || source.startsWith('[') ? '' : '.'}${source}}`;
  const open: { pieces: Piece[]; steps: readonly Step[] }[] = [{ pieces: [], steps: [] }];
  let at = 0;
  while (at < text.length) {
    const brace = text.indexOf('{', at);
    if (brace !== at) push(open, { kind: 'text', text: text.slice(at, brace === -1 ? undefined : brace) });
    if (brace === -1) break;
    const end = closingBrace(text, brace);
    readBlock(text.slice(brace + 1, end).trim(), open);
    at = end + 1;
  }
  const [root, unclosed] = open;
  if (unclosed !== undefined || root === undefined) throw problem('{range} has no {end}');
  return root.pieces;
}

/** The text that the template makes of a value; what is not there is empty. */
export function renderTemplate(template: Template, root: unknown): string {
  return template.map((piece) => renderPiece(piece, root)).join('');
}

function renderPiece(piece: Piece, value: unknown): string {
  switch (piece.kind) {
    case 'text':
      return piece.text;
    case 'path':
      return select(piece.steps, value).map(toText).join(' ');
    case 'range':
      return select(piece.steps, value)
        .map((each) => renderTemplate(piece.body, each))
        .join('');
  }
}

function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

function readBlock(block: string, open: { pieces: Piece[]; steps: readonly Step[] }[]): void {
  if (block === 'end') {
    const inner = open.pop();
    if (inner === undefined || open.length === 0) throw problem('{end} has no {range}');
    push(open, { kind: 'range', steps: inner.steps, body: inner.pieces });
  } else if (block.startsWith('range ')) {
    open.push({ pieces: [], steps: parsePath(block.slice(6).trim()) });
  } else if (block.startsWith('"') || block.startsWith("'")) {
    push(open, { kind: 'text', text: parseQuoted(block) });
  } else push(open, { kind: 'path', steps: parsePath(block) });
}

function push(open: { pieces: Piece[] }[], piece: Piece): void {
  open.at(-1)?.pieces.push(piece);
}

function closingBrace(text: string, brace: number): number {
  let quote = '';
  for (let at = brace + 1; at < text.length; at++) {
    const char = text.charAt(at);
    if (quote !== '') {
      if (char === '\\') at++;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '}') return at;
  }
  throw problem(`"${text.slice(brace, brace + 40)}" has no closing brace`);
}

function parsePath(text: string): Step[] {
  const steps: Step[] = [];
  let rest = text.replace(/^[$@]/, '');
  while (rest !== '') {
    const descend = /^\.\.([\w-]+)/.exec(rest);
    const field = /^\.((?:\\.|[^.[\]\\\s])+)/.exec(rest);
    if (descend !== null) steps.push({ kind: 'descend', name: descend[1] ?? '' });
    else if (field !== null) {
      const name = (field[1] ?? '').replace(/\\(.)/g, '$1');
      steps.push(name === '*' ? { kind: 'all' } : { kind: 'field', name });
    } else if (rest.startsWith('[')) {
      const end = closingBracket(rest);
      steps.push(parseBracket(rest.slice(1, end).trim()));
      rest = rest.slice(end + 1);
      continue;
    } else if (rest === '.') break;
    else throw problem(`"${rest}" is not understood`);
    rest = rest.slice((descend ?? field)?.[0].length ?? rest.length);
  }
  return steps;
}

function closingBracket(text: string): number {
  let depth = 0;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '[') depth++;
    else if (char === ']' && --depth === 0) return at;
  }
  throw problem(`"${text}" has no closing bracket`);
}

function parseBracket(text: string): Step {
  if (text === '*') return { kind: 'all' };
  if (/^-?\d+$/.test(text)) return { kind: 'index', at: Number(text) };
  const slice = /^(-?\d*):(-?\d*)$/.exec(text);
  if (slice !== null) return { kind: 'slice', from: toIndex(slice[1]), to: toIndex(slice[2]) };
  if (text.startsWith("'") || text.startsWith('"')) return { kind: 'field', name: parseQuoted(text) };
  const filter = /^\?\(\s*@([^=!<>]*?)\s*(?:(==|!=|<=|>=|<|>)\s*(.+?))?\s*\)$/.exec(text);
  if (filter === null) throw problem(`"[${text}]" is not understood`);
  const [, path = '', operator = 'exists', value] = filter;
  return {
    kind: 'filter',
    path: parsePath(path),
    operator,
    value: value === undefined ? undefined : parseLiteral(value),
  };
}

function toIndex(text: string | undefined): number | undefined {
  return text === undefined || text === '' ? undefined : Number(text);
}

function parseLiteral(text: string): unknown {
  if (text.startsWith('"') || text.startsWith("'")) return parseQuoted(text);
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  throw problem(`"${text}" is no text, number, true or false`);
}

function parseQuoted(text: string): string {
  const quote = text.charAt(0);
  if (text.length < 2 || !text.endsWith(quote)) throw problem(`${text} has no closing quote`);
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
  return text.slice(1, -1).replace(/\\(.)/g, (_, char: string) => escapes[char] ?? char);
}

function select(steps: readonly Step[], root: unknown): unknown[] {
  let values: unknown[] = [root];
  for (const step of steps) values = values.flatMap((value) => follow(step, value));
  return values;
}

function follow(step: Step, value: unknown): unknown[] {
  switch (step.kind) {
    case 'field':
      return childrenNamed(value, step.name);
    case 'all':
      return children(value);
    case 'descend':
      return [...childrenNamed(value, step.name), ...children(value).flatMap((child) => follow(step, child))];
    case 'index':
      return Array.isArray(value) ? value.slice(step.at, step.at === -1 ? undefined : step.at + 1) : [];
    case 'slice':
      return Array.isArray(value) ? value.slice(step.from, step.to) : [];
    case 'filter':
      return children(value).filter((child) => matches(step, child));
  }
}

function matches({ path, operator, value }: Extract<Step, { kind: 'filter' }>, child: unknown): boolean {
  const [found] = select(path, child);
  if (operator === 'exists') return found !== undefined;
  if (operator === '==') return found === value;
  if (operator === '!=') return found !== value;
  if (typeof found !== typeof value || (typeof found !== 'number' && typeof found !== 'string')) return false;
  if (typeof value !== 'number' && typeof value !== 'string') return false;
  return operator === '<'
    ? found < value
    : operator === '<='
      ? found <= value
      : operator === '>'
        ? found > value
        : found >= value;
}

function children(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

function childrenNamed(value: unknown, name: string): unknown[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) return [];
  return [Reflect.get(value, name)];
}

function problem(why: string): FlotillaError {
  return new FlotillaError('USAGE', `the jsonpath cannot be used: ${why}`, {
    kind: 'invalid-argument',
    remedy: `For example: -o jsonpath='{.items[*].meta.name}'`,
  });
}
