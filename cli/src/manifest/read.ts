import { isAlias, isMap, isScalar, isSeq, type Document, LineCounter, type Node, parseAllDocuments } from 'yaml';
import { parseDurationMs, suggestion } from '@flotilla/kit';
import { parseBytes } from '../parse.js';
import { type ManifestKind, manifestKinds, manifestShapes, otherWays } from './kinds.js';
import type { ObjectShape, Shape } from './shape.js';

/** One document, checked, as proto JSON. */
export interface Manifest {
  readonly kind: ManifestKind;
  /** `meta.name`; the subject of a member. */
  readonly name: string;
  /** Empty = the project of the call. */
  readonly project: string;
  /** Cluster of a pool; empty otherwise. */
  readonly cluster: string;
  /** Only what was written, apart from what names the thing. `size: null` is kept: an open pool. */
  readonly document: Readonly<Record<string, unknown>>;
  /** `pool.yaml:7`, for what the server finds wrong. */
  readonly place: string;
}

export interface ReadResult {
  readonly manifests: readonly Manifest[];
  /** `pool.yaml:9: spec.size must be …`, in the order of the file. */
  readonly problems: readonly string[];
}

/** Checks every document of a file; all problems at once, each with its line. */
export function readManifests(text: string, file: string): ReadResult {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true });
  const list: Document[] = Array.isArray(documents) ? documents : [];
  const problems: string[] = [];
  const manifests: Manifest[] = [];
  for (const document of list) {
    const reader = new Reader(document, file, lines);
    const found = reader.readAll();
    problems.push(...reader.problems);
    if (reader.problems.length === 0) manifests.push(...found);
  }
  return { manifests, problems };
}

/** What people write from habit with other manifests; empty = nothing stands for it here. */
const habits: Readonly<Record<string, string>> = { metadata: 'meta', apiVersion: '' };

class Reader {
  readonly problems: string[] = [];
  private kind: ManifestKind = 'Cluster';

  constructor(
    private readonly document: Document,
    private readonly file: string,
    private readonly lines: LineCounter,
  ) {}

  /** The manifest of the document, or those of a list as `get -o yaml` prints it. */
  readAll(): readonly Manifest[] {
    for (const { message, pos } of this.document.errors) {
      this.problems.push(
        `${this.file}:${this.lines.linePos(pos[0]).line}: ${message.split('\n')[0]?.replace(/ at line.*$/, '') ?? ''}.`,
      );
    }
    const root = this.document.contents;
    if (this.problems.length > 0 || root === null || (isScalar(root) && root.value === null)) return [];
    const items = isMap(root) && String(root.get('kind')).endsWith('List') ? root.get('items', true) : undefined;
    const roots = isSeq(items) ? items.items.map((item) => this.resolve(item)) : [root];
    return roots.flatMap((each) => (each === undefined ? [] : (this.read(each) ?? [])));
  }

  private read(root: Node): Manifest | undefined {
    if (!isMap(root)) return this.wrong(root, 'the document must be a mapping with kind, meta and spec.');
    const kind = this.readKind(root.get('kind', true), root);
    if (kind === undefined) return undefined;
    this.kind = kind;
    const { fields } = manifestShapes[kind];
    const value = this.object(root, { kind: 'object', fields: { ...fields, kind: { kind: 'ignored' } } }, '');
    const { meta, cluster, subject, ...rest } = value;
    const { name, project, labels } = Object(meta) as Record<string, unknown>;
    const called = kind === 'Member' ? subject : name;
    if (kind === 'Member' && !root.has('subject'))
      this.wrong(root, 'subject is missing: "api-key:<id>" or "user:<email>".');
    if (kind !== 'Member' && !root.hasIn(['meta', 'name'])) this.wrong(root, 'meta.name is missing.');
    if (kind === 'NodePool' && !root.has('cluster'))
      this.wrong(root, 'cluster is missing: the name of the cluster that the pool belongs to.');
    return {
      kind,
      name: typeof called === 'string' ? called : '',
      project: typeof project === 'string' ? project : '',
      cluster: typeof cluster === 'string' ? cluster : '',
      document: { ...(labels === undefined ? {} : { meta: { labels } }), ...rest },
      place: this.placeOf(root),
    };
  }

  private readKind(node: unknown, root: Node): ManifestKind | undefined {
    const text = isScalar(node) ? node.value : undefined;
    const found = manifestKinds.find((kind) => kind === text);
    if (found !== undefined) return found;
    if (typeof text !== 'string')
      return this.wrong(root, `kind is missing; it must be one of ${manifestKinds.join(', ')}.`);
    const other = Object.hasOwn(otherWays, text) ? otherWays[text] : undefined;
    if (other !== undefined) return this.wrong(root, `kind ${text} ${other}.`);
    const near = suggestion(text, manifestKinds);
    return this.wrong(
      isScalar(node) ? node : root,
      `kind ${text} is not known.${near === undefined ? ` There are: ${manifestKinds.join(', ')}.` : ` Did you mean ${near}?`}`,
    );
  }

  private object(node: Node, shape: ObjectShape, path: string): Record<string, unknown> {
    if (!isMap(node)) return this.wrong(node, `${path} must be a mapping.`) ?? {};
    const result: Record<string, unknown> = {};
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : '';
      const below = path === '' ? name : `${path}.${name}`;
      const field = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
      if (field === undefined) this.unknown(isScalar(key) ? key : node, below, name, shape);
      else if (field.kind !== 'ignored') {
        const read = this.value(this.resolve(value), field, below, isScalar(key) ? key : node);
        if (read !== undefined) result[name] = read;
      }
    }
    return result;
  }

  private value(node: Node | undefined, shape: Shape, path: string, at: Node): unknown {
    const plain = isScalar(node) ? node.value : undefined;
    if (node === undefined || plain === null) {
      if (shape.kind === 'whole' && shape.nullable) return null;
      return this.wrong(node ?? at, `${path} is empty; leave it out or give it a value.`);
    }
    switch (shape.kind) {
      case 'object':
        return this.object(node, shape, path);
      case 'list':
        if (!isSeq(node)) return this.wrong(node, `${path} must be a list.`);
        return node.items.map((item, index) => this.value(this.resolve(item), shape.of, `${path}[${index}]`, node));
      case 'labels':
        return this.labels(node, path);
      default:
        return this.scalar(node, plain, shape, path);
    }
  }

  private scalar(
    node: Node,
    plain: unknown,
    shape: Exclude<Shape, { kind: 'object' | 'list' | 'labels' }>,
    path: string,
  ): unknown {
    const is = isScalar(node) ? JSON.stringify(plain) : 'a mapping or list';
    switch (shape.kind) {
      case 'text':
        if (typeof plain === 'string' && (shape.pattern?.test(plain) ?? true)) return plain;
        return this.wrong(node, `${path} must be ${shape.wants ?? 'a text'} (is ${is}).`);
      case 'whole':
        if (typeof plain === 'number' && Number.isInteger(plain) && plain >= shape.min && plain <= shape.max)
          return plain;
        return this.wrong(node, `${path} must be a whole number from ${shape.min} to ${shape.max} (is ${is}).`);
      case 'flag':
        return typeof plain === 'boolean' ? plain : this.wrong(node, `${path} must be true or false (is ${is}).`);
      case 'duration': {
        const ms = typeof plain === 'string' ? durationMs(plain) : undefined;
        if (ms !== undefined) return { seconds: String(Math.floor(ms / 1000)), ...nanosOf(ms) };
        return this.wrong(node, `${path} must be a duration like 90s, 5m or 1h30m (is ${is}).`);
      }
      case 'bytes': {
        const bytes = typeof plain === 'number' || typeof plain === 'string' ? parseBytes(String(plain)) : undefined;
        return bytes === undefined
          ? this.wrong(node, `${path} must be a number of bytes or a size like 4GiB (is ${is}).`)
          : bytes.toString();
      }
      case 'constant': {
        const name = typeof plain === 'string' ? plain.replace(shape.prefix, '') : '';
        if (shape.names.includes(name)) return `${shape.prefix}${name}`;
        const near = suggestion(name, shape.names);
        return this.wrong(
          node,
          `${path} must be one of ${shape.names.join(', ')} (is ${is}).${near === undefined ? '' : ` Did you mean ${near}?`}`,
        );
      }
      case 'ignored':
        return undefined;
    }
  }

  private labels(node: Node, path: string): Record<string, string> | undefined {
    if (!isMap(node)) return this.wrong(node, `${path} must be a mapping of texts.`);
    const labels: Record<string, string> = {};
    for (const { key, value } of node.items) {
      const resolved = this.resolve(value);
      const name = isScalar(key) ? String(key.value) : '';
      if (isScalar(resolved) && typeof resolved.value === 'string') labels[name] = resolved.value;
      else this.wrong(resolved ?? node, `${path}.${name} must be a text; put it in quotes.`);
    }
    return labels;
  }

  private unknown(node: Node, path: string, name: string, shape: ObjectShape): void {
    const meant =
      habits[name] ?? suggestion(name, Object.keys(shape.fields)) ?? nearestPath(name, manifestShapes[this.kind]);
    const hint = meant === undefined ? '' : meant === '' ? ' Leave it out.' : ` Did you mean ${meant}?`;
    this.wrong(node, `${path} is not a field of ${this.kind}.${hint}`);
  }

  private resolve(value: unknown): Node | undefined {
    if (isAlias(value)) return value.resolve(this.document);
    return isScalar(value) || isMap(value) || isSeq(value) ? value : undefined;
  }

  private placeOf(node: Node): string {
    return `${this.file}:${this.lines.linePos(node.range?.[0] ?? 0).line}`;
  }

  private wrong(node: Node, text: string): undefined {
    this.problems.push(`${this.placeOf(node)}: ${text}`);
    return undefined;
  }
}

/** `5m`, or the `300.5s` of proto JSON. */
function durationMs(text: string): number | undefined {
  const seconds = /^(\d+\.\d{1,9})s$/.exec(text)?.[1];
  return seconds === undefined ? parseDurationMs(text) : Math.round(Number(seconds) * 1000);
}

function nanosOf(ms: number): { nanos?: number } {
  return ms % 1000 === 0 ? {} : { nanos: (ms % 1000) * 1_000_000 };
}

/** The full path of the field of that kind whose last word is nearest. */
function nearestPath(name: string, shape: Shape): string | undefined {
  const paths = pathsOf(shape, '');
  const near = suggestion(
    name,
    paths.map((path) => path.slice(path.lastIndexOf('.') + 1)),
  );
  return paths.find((path) => path.endsWith(`.${near ?? ' '}`));
}

function pathsOf(shape: Shape, path: string): string[] {
  if (shape.kind !== 'object') return [];
  return Object.entries(shape.fields).flatMap(([name, field]) => {
    const below = path === '' ? name : `${path}.${name}`;
    return field.kind === 'ignored' ? [] : [below, ...pathsOf(field, below)];
  });
}
