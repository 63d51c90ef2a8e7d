import { type Call, usageError } from '../call.js';
import { followStream } from '../event-stream.js';
import { type Format, parseFormat, renderData } from '../output/format.js';
import { renderTable, type Table } from '../output/table.js';
import { type NounName, nouns, parseReference } from '../registry/nouns.js';
import { eventResource, listEvents, toEventItem } from '../resources/events.js';
import type { Item } from '../resources/resource.js';

/** One thing whose events are wanted; empty = of everything. */
interface Subject {
  readonly resource?: string;
  readonly kind?: string;
}

/** `flotilla events [TYPE/NAME]` */
export async function events(call: Call): Promise<void> {
  const text = call.optionalArgument('thing');
  const reference = text === undefined ? undefined : parseReference(text);
  const subject = reference === undefined ? {} : { resource: reference.name, kind: eventKind(reference.noun) };
  const format = parseFormat(call.options.text('output'));
  if (call.options.flag('watch')) {
    await followEvents(call, format, subject);
    return;
  }
  const { events: found } = await listEvents(await call.session(), { ...subject, ...countOf(call) });
  await printEvents(call, found.map(toEventItem), format, undefined);
  if (found.length === 0) call.note('No events.');
}

/** What happened last, then what happens, until Ctrl-C. Goes on where it was when the connection is lost. */
export async function followEvents(call: Call, format: Format, subject: Subject): Promise<void> {
  if (format.kind === 'yaml' || format.kind === 'jsonpath') {
    throw usageError(`-w goes with a table, -o wide, -o name or -o json, not with -o ${format.kind}`);
  }
  const session = await call.session();
  const newest = (): ReturnType<typeof listEvents> => listEvents(session, { ...subject, ...countOf(call) });
  const { events: found, revision } = await newest();
  let table: Table | undefined;
  const print = async (items: readonly Item[]): Promise<void> => {
    table = (await printEach(call, items, format, table)) ?? table;
  };
  await print(found.map(toEventItem));
  await followStream(call, {
    afterRevision: revision,
    kind: subject.kind ?? '',
    onEvent: async (event) => {
      if (concerns(event, subject)) await print([toEventItem(event)]);
    },
    onGap: async () => (await newest()).revision,
  });
}

function countOf({ options }: Call): { countMax?: number } {
  const limit = options.number('limit');
  return limit === undefined ? {} : { countMax: limit };
}

function concerns(event: { resourceId: string; resourceName: string }, { resource }: Subject): boolean {
  return resource === undefined || event.resourceId === resource || event.resourceName === resource;
}

/** The word that events use for a noun. */
export function eventKind(noun: NounName): string {
  if (noun === 'event') throw usageError('events have no events', 'For example: flotilla events node/edge-7');
  return noun === 'api-key' ? 'apikey' : noun;
}

/** One at a time, as a stream needs it. */
async function printEach(
  call: Call,
  items: readonly Item[],
  format: Format,
  table: Table | undefined,
): Promise<Table | undefined> {
  if (format.kind === 'table') return items.length === 0 ? undefined : printEvents(call, items, format, table);
  for (const item of items) {
    if (format.kind === 'name') call.print(`event/${item.name}`);
    else call.env.stdout.write(await renderData(format, item.json));
  }
  return undefined;
}

async function printEvents(
  call: Call,
  items: readonly Item[],
  format: Format,
  earlier: Table | undefined,
): Promise<Table | undefined> {
  const { stdout, clock } = call.env;
  if (format.kind === 'name') {
    for (const { name } of items) call.print(`event/${name}`);
    return undefined;
  }
  if (format.kind !== 'table') {
    stdout.write(await renderData(format, { kind: `${nouns.event.kind}List`, items: items.map((item) => item.json) }));
    return undefined;
  }
  if (items.length === 0) return undefined;
  const rows = items.map((item) => item.cells(clock.now().wallMs, format.wide));
  const table = renderTable(eventResource.columns, rows, call.paint, {
    wide: format.wide,
    headers: earlier === undefined && !call.options.flag('no-headers'),
    columnsMax: stdout.isTTY ? stdout.columns : undefined,
    ...(earlier === undefined ? {} : { widths: earlier.widths }),
  });
  call.print(table.lines.join('\n'));
  return table;
}
