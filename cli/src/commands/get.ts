import { FlotillaError } from '@flotilla/kit';
import { type Call, parseSelector, usageError } from '../call.js';
import { type Format, parseFormat, renderData } from '../output/format.js';
import { phaseLine, phaseSignature, problemLines } from '../output/phases.js';
import { Screen } from '../output/screen.js';
import { type Cell, renderTable, type Table } from '../output/table.js';
import { type NounName, nouns, parseSelection } from '../registry/nouns.js';
import { resources } from '../resources/index.js';
import type { Item, Query } from '../resources/resource.js';
import { watchUntil } from '../watch.js';
import { followEvents } from './events.js';

const resyncMs = 5000;
const repaintMs = 1000;

/** `flotilla get TYPE [NAME …]` */
export async function get(call: Call): Promise<void> {
  const { noun, names } = parseSelection(call.list('type'));
  const format = parseFormat(call.options.text('output'));
  const watch = call.options.flag('watch');
  if (noun === 'event' && watch) {
    await followEvents(call, format, {});
    return;
  }
  if (watch && (format.kind === 'yaml' || format.kind === 'jsonpath')) {
    throw usageError(`-w goes with a table, -o wide, -o name or -o json, not with -o ${format.kind}`);
  }
  const query = queryOf(call);
  if (watch) await watchItems(call, noun, names, query, format);
  else await printItems(call, noun, await fetchItems(call, noun, names, query), format, names.length === 1);
}

/** What `--cluster`, `--pool`, `-l`, `--filter`, `--sort` and `--show-deleted` say. */
export function queryOf({ options }: Call): Query {
  return {
    cluster: options.text('cluster') ?? '',
    pool: options.text('pool') ?? '',
    filter: [parseSelector(options.text('selector')), options.text('filter') ?? '']
      .filter((each) => each !== '')
      .join(' AND '),
    orderBy: options.text('sort') ?? '',
    showDeleted: options.flag('show-deleted'),
  };
}

async function fetchItems(
  call: Call,
  noun: NounName,
  names: readonly string[],
  query: Query,
): Promise<readonly Item[]> {
  const session = await call.session();
  if (names.length === 0) return resources[noun].list(session, query);
  if (query.filter !== '') throw usageError('-l and --filter go with a list, not with names');
  return Promise.all(names.map((name) => resources[noun].get(session, name, query)));
}

/** Prints items once, in any format. `single` = one named thing, which is no list in JSON and YAML. */
export async function printItems(
  call: Call,
  noun: NounName,
  items: readonly Item[],
  format: Format,
  single: boolean,
): Promise<void> {
  if (format.kind === 'name') {
    for (const { name } of items) call.print(`${noun}/${name}`);
    return;
  }
  if (format.kind === 'table') {
    if (items.length === 0) {
      call.note(nothingFound(call, noun));
      return;
    }
    call.print(tableOf(call, noun, items, format.wide).lines.join('\n'));
    return;
  }
  const [first] = items;
  const value =
    single && first !== undefined
      ? first.json
      : { kind: `${nouns[noun].kind}List`, items: items.map((item) => item.json) };
  call.env.stdout.write(await renderData(format, value));
}

function nothingFound(call: Call, noun: NounName): string {
  const project = call.options.text('project');
  return `No ${nouns[noun].plural} found${project === undefined ? '' : ` in project ${project}`}.`;
}

function tableOf(call: Call, noun: NounName, items: readonly Item[], wide: boolean, earlier?: Table): Table {
  const { stdout, clock } = call.env;
  const nowMs = clock.now().wallMs;
  return renderTable(
    resources[noun].columns,
    items.map((item) => item.cells(nowMs, wide)),
    call.paint,
    {
      wide,
      headers: earlier === undefined && !call.options.flag('no-headers'),
      columnsMax: stdout.isTTY ? stdout.columns : undefined,
      ...(earlier === undefined ? {} : { widths: earlier.widths }),
    },
  );
}

async function watchItems(
  call: Call,
  noun: NounName,
  names: readonly string[],
  query: Query,
  format: Format,
): Promise<void> {
  const session = await call.session();
  const view = new WatchView(call, noun, format, names.length === 1);
  const { clock, random, signal, stdout } = call.env;
  const live = stdout.isTTY && format.kind === 'table';
  const onLost = ({ message }: FlotillaError): void => view.lost(message);
  await watchUntil({ session, clock, random, signal, resyncMs: live ? repaintMs : resyncMs, onLost }, async () => {
    await view.show(await (view.shown ? fetchOrNone : fetchItems)(call, noun, names, query));
    return false;
  });
}

/** Named things may come and go while they are watched; only the first look insists. */
async function fetchOrNone(
  call: Call,
  noun: NounName,
  names: readonly string[],
  query: Query,
): Promise<readonly Item[]> {
  try {
    return await fetchItems(call, noun, names, query);
  } catch (error) {
    if (error instanceof FlotillaError && error.kind === 'not-found' && names.length === 1) return [];
    throw error;
  }
}

/** What is on the screen of a watch, and what was printed before. */
class WatchView {
  private readonly screen: Screen;
  private readonly rows = new Map<string, { item: Item; signature: string }>();
  private readonly phases = new Map<string, string>();
  private table: Table | undefined;
  private painted: readonly string[] = [];
  shown = false;

  constructor(
    private readonly call: Call,
    private readonly noun: NounName,
    private readonly format: Format,
    private readonly single: boolean,
  ) {
    this.screen = new Screen(call.env.stdout);
  }

  lost(message: string): void {
    const note = `${message}; trying again`;
    if (this.painted.length === 0) this.call.note(note);
    else this.screen.paint([...this.painted, note]);
  }

  async show(items: readonly Item[]): Promise<void> {
    if (!this.shown && items.length === 0) this.call.note(nothingFound(this.call, this.noun));
    this.shown = true;
    if (this.format.kind === 'table') {
      const lines = this.paintedLines(items, this.format.wide);
      if (this.screen.fits(lines.length)) {
        this.painted = lines;
        this.screen.paint(lines);
        return;
      }
      this.painted = [];
    }
    await this.append(items);
  }

  /** The table as it is now, and below it every phase of what is on its way. */
  private paintedLines(items: readonly Item[], wide: boolean): readonly string[] {
    const nowMs = this.call.env.clock.now().wallMs;
    const below = items.flatMap(({ standing }) => (this.single || standing.failed ? standing.phases : []));
    const lines = below.flatMap((phase) => [
      phaseLine(phase, nowMs, this.call.paint),
      ...problemLines(phase.problems, this.call.paint),
    ]);
    return [...tableOf(this.call, this.noun, items, wide).lines, ...(lines.length === 0 ? [] : ['', ...lines])];
  }

  private async append(items: readonly Item[]): Promise<void> {
    const changed = items.filter((item) => this.rows.get(item.id)?.signature !== this.signatureOf(item));
    const present = new Set(items.map(({ id }) => id));
    const gone = [...this.rows.values()]
      .filter(({ item }) => !present.has(item.id))
      .map(({ item }) => deleted(item, this.noun));
    for (const item of changed) this.rows.set(item.id, { item, signature: this.signatureOf(item) });
    for (const { id } of gone) this.rows.delete(id);
    const news = [...changed, ...gone];
    if (news.length > 0 && this.format.kind === 'table') {
      const table = tableOf(this.call, this.noun, news, this.format.wide, this.table);
      this.table ??= table;
      this.call.print(table.lines.join('\n'));
    } else if (this.format.kind !== 'table') {
      for (const item of news) await printItems(this.call, this.noun, [item], this.format, true);
    }
    if (this.single && this.format.kind === 'table') items.forEach((item) => this.appendPhases(item));
  }

  private appendPhases({ standing }: Item): void {
    const nowMs = this.call.env.clock.now().wallMs;
    for (const line of newPhaseLines(standing.phases, this.phases, nowMs, this.call.paint)) this.call.print(line);
  }

  /** Everything shown that does not change by itself. Of a single thing the phases have lines of their own. */
  private signatureOf(item: Item): string {
    if (this.format.kind === 'json') return JSON.stringify(item.json);
    const { columns } = resources[this.noun];
    const texts = item
      .cells(0, false)
      .filter((_, at) => columns[at]?.volatile !== true)
      .map(({ text }) => text);
    return this.single ? texts.join('\n').replace(/ \(.*\d+\/\d+.*\)/, '') : texts.join('\n');
  }
}

/** Lines for the phases that moved since the last call; remembers what it gave in `known`. */
export function newPhaseLines(
  phases: Item['standing']['phases'],
  known: Map<string, string>,
  nowMs: number,
  paint: Call['paint'],
  prefix = '',
): string[] {
  return phases.flatMap((phase) => {
    const signature = phaseSignature(phase);
    if (phase.startTime === undefined || known.get(phase.phase) === signature) return [];
    known.set(phase.phase, signature);
    return [phaseLine(phase, nowMs, paint), ...problemLines(phase.problems, paint)].map((line) => prefix + line);
  });
}

/** The row of a thing that is no more. */
function deleted(item: Item, noun: NounName): Item {
  const at = resources[noun].columns.findIndex(({ header }) => header === 'STATUS');
  const gone: Cell = { text: 'Deleted', tone: 'dim' };
  return {
    ...item,
    cells: (nowMs, wide) => item.cells(nowMs, wide).map((cell, index) => (index === at ? gone : cell)),
  };
}
