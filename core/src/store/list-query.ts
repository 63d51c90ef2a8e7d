import { FlotillaError, suggestion } from '@flotilla/kit';

/** One `field = value` of a filter. */
export interface FilterTerm {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

const badFilter = (description: string): FlotillaError =>
  new FlotillaError('INVALID_ARGUMENT', `filter ${description}`, {
    kind: 'invalid-argument',
    violations: [{ field: 'filter', description }],
    remedy: 'Write it like: state = RUNNING AND labels.team = web',
  });

/** Parses the AIP-160 subset: terms joined by AND; values bare or in double quotes. At most 10 terms. */
export function parseFilter(text: string): readonly FilterTerm[] {
  const terms: FilterTerm[] = [];
  const pattern = /\s*([A-Za-z_][\w.\-/]*)\s*(!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))\s*(AND\b|$)/y;
  let position = 0;
  let wantsMore = text.trim() !== '';
  while (wantsMore) {
    pattern.lastIndex = position;
    const match = pattern.exec(text);
    if (match === null) throw badFilter(`cannot be read at ${JSON.stringify(text.slice(position, position + 40))}`);
    const [, field = '', operator = '=', quoted, bare = ''] = match;
    const value = quoted === undefined ? bare : quoted.replace(/\\(.)/g, '$1');
    terms.push({ field, operator: operator === '!=' ? '!=' : '=', value });
    if (terms.length > 10) throw badFilter('has more than 10 terms');
    position = pattern.lastIndex;
    wantsMore = match[5] === 'AND';
  }
  return terms;
}

/** How one field of a list is stored. `read` turns the text of a filter into what is stored; undefined = no such value. */
export interface ListField {
  readonly column: string;
  readonly read?: (text: string) => number | string | undefined;
  readonly values?: readonly string[];
}

/** The stored value of a filter's term; refuses an unknown field or value with what was probably meant. */
export function resolveTerm(
  term: FilterTerm,
  fields: Readonly<Record<string, ListField>>,
): { column: string; value: number | string } {
  const field = Object.hasOwn(fields, term.field) ? fields[term.field] : undefined;
  if (field === undefined)
    throw badFilter(
      `has no field ${JSON.stringify(term.field)}${hint(term.field, [...Object.keys(fields), 'labels'])}`,
    );
  const value = field.read === undefined ? term.value : field.read(term.value);
  if (value === undefined) {
    throw badFilter(`has no ${term.field} ${JSON.stringify(term.value)}${hint(term.value, field.values ?? [])}`);
  }
  return { column: field.column, value };
}

export interface Order {
  readonly column: string;
  readonly descending: boolean;
}

/** Parses `field` or `field desc`. */
export function parseOrderBy(text: string, fields: Readonly<Record<string, ListField>>, first: string): Order {
  const [name = '', direction, ...rest] = (text.trim() === '' ? first : text.trim()).split(/\s+/);
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  const description =
    field === undefined
      ? `has no field ${JSON.stringify(name)}${hint(name, Object.keys(fields))}`
      : `must be a field, optionally followed by "desc"`;
  if (field === undefined || rest.length > 0 || !['asc', 'desc', undefined].includes(direction)) {
    throw new FlotillaError('INVALID_ARGUMENT', `order_by ${description}`, {
      kind: 'invalid-argument',
      violations: [{ field: 'orderBy', description }],
    });
  }
  return { column: field.column, descending: direction === 'desc' };
}

function hint(text: string, candidates: readonly string[]): string {
  const near = suggestion(text, candidates);
  return near === undefined ? `; there is ${candidates.join(', ')}` : `; did you mean ${near}?`;
}

/** Numbers of an enum of proto by their names, as `RUNNING` or `running`. */
export function enumField(column: string, values: Readonly<Record<string, string | number>>): ListField {
  const names = Object.keys(values).filter((k) => Number.isNaN(Number(k)) && Number(values[k]) > 0);
  return {
    column,
    values: names,
    read: (text) => {
      const name = text.toUpperCase().replace(/[ -]/g, '_');
      const value = names.includes(name) ? values[name] : undefined;
      return typeof value === 'number' ? value : undefined;
    },
  };
}

export function pageSizeOf(pageSize: number | undefined): number {
  if (pageSize === undefined || pageSize === 0) return 100;
  if (Number.isInteger(pageSize) && pageSize > 0) return Math.min(pageSize, 500);
  throw new FlotillaError('INVALID_ARGUMENT', 'page_size must not be negative', {
    kind: 'invalid-argument',
    violations: [{ field: 'pageSize', description: 'must be 0 to 500' }],
  });
}

/** Where the next page begins: after this value and id, for this very query. */
export interface PagePosition {
  readonly value: string | number;
  readonly id: string | number;
}

export function toPageToken(queryKey: string, position: PagePosition): string {
  return Buffer.from(JSON.stringify([queryKey, position.value, position.id])).toString('base64url');
}

export function fromPageToken(token: string, queryKey: string): PagePosition {
  const bad = new FlotillaError('PAGE_TOKEN_INVALID', 'page_token is not of this list', {
    kind: 'invalid-argument',
    violations: [{ field: 'pageToken', description: 'is not of this list' }],
    remedy: 'Start again without a page token, or repeat the same filter and order.',
  });
  const scalar = (v: unknown): v is string | number => typeof v === 'string' || typeof v === 'number';
  if (token.length > 2000) throw bad;
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    throw bad;
  }
  if (!Array.isArray(parsed) || parsed.length !== 3) throw bad;
  const [key, value, id] = parsed as unknown[];
  if (key !== queryKey || !scalar(value) || !scalar(id)) throw bad;
  return { value, id };
}
