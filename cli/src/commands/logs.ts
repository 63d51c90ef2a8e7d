import { Event, EventSeverity } from '@flotilla/proto';
import { type Call, usageError } from '../call.js';
import { followStream } from '../event-stream.js';
import { type Format, parseFormat, renderData } from '../output/format.js';
import { absolute } from '../output/times.js';
import { nouns, parseSelection } from '../registry/nouns.js';
import { listEvents } from '../resources/events.js';
import { resources } from '../resources/index.js';
import { everything } from '../resources/resource.js';
import { eventKind } from './events.js';

/** Whose events make the story: kind and id of each. */
interface Hero {
  readonly kind: string;
  readonly id: string;
}

/** `flotilla logs TYPE/NAME [-f]` */
export async function logs(call: Call): Promise<void> {
  const { noun, names } = parseSelection(call.list('thing'));
  const [name, ...more] = names;
  if (name === undefined || more.length > 0) throw usageError('whose story? For example: flotilla logs node/bravo');
  const format = parseFormat(call.options.text('output'));
  const follow = call.options.flag('follow');
  if (follow && format.kind !== 'table' && format.kind !== 'json')
    throw usageError('-f goes with lines or -o json', 'Leave -f out, or the other format.');
  const session = await call.session();
  const item = await resources[noun].get(session, name, everything);
  const heroes = [{ kind: eventKind(noun), id: item.id }, ...relatives(noun, item.json)];
  const tell = async (): Promise<{ events: readonly Event[]; revision: bigint }> => {
    const parts = await Promise.all(heroes.map(({ kind, id }) => listEvents(session, { kind, resource: id })));
    const events = parts.flatMap((part) => part.events).sort((a, b) => (a.revision < b.revision ? -1 : 1));
    const revision = parts.reduce(
      (least, part) => (part.revision < least ? part.revision : least),
      parts[0]?.revision ?? 0n,
    );
    return { events: events.filter((event) => isRecent(call, event)), revision };
  };
  const { events, revision } = await tell();
  await print(call, events, format, !follow);
  if (events.length === 0) call.note(`Nothing has happened to ${noun}/${item.name}.`);
  if (!follow) return;
  let told = events.at(-1)?.revision ?? 0n;
  await followStream(call, {
    afterRevision: revision,
    kind: '',
    onEvent: async (event) => {
      if (event.revision <= told || !heroes.some(({ id }) => id === event.resourceId)) return;
      told = event.revision;
      await print(call, [event], format, false);
    },
    onGap: async () => (await tell()).revision,
  });
}

/** A node and its machine have one story. */
function relatives(noun: string, json: Readonly<Record<string, unknown>>): Hero[] {
  if (noun === 'node') return heroOf('machine', json['machineId']);
  if (noun !== 'machine') return [];
  const status = json['status'];
  return heroOf('node', typeof status === 'object' && status !== null ? Reflect.get(status, 'nodeId') : '');
}

function heroOf(kind: string, id: unknown): Hero[] {
  return typeof id === 'string' && id !== '' ? [{ kind, id }] : [];
}

function isRecent(call: Call, { time }: Event): boolean {
  const sinceMs = call.options.number('since');
  return sinceMs === undefined || (time?.getTime() ?? 0) >= call.env.clock.now().wallMs - sinceMs;
}

async function print(call: Call, events: readonly Event[], format: Format, whole: boolean): Promise<void> {
  if (format.kind === 'table') for (const event of events) call.print(line(call, event));
  else if (format.kind === 'name') for (const { id } of events) call.print(`event/${id}`);
  else {
    const items = events.map((event) => Event.toJSON(event));
    if (whole) call.env.stdout.write(await renderData(format, { kind: `${nouns.event.kind}List`, items }));
    else for (const item of items) call.env.stdout.write(`${JSON.stringify(item)}\n`);
  }
}

/** One line whatever its width, so that grep and tail work: `2026-03-03T11:55:48Z ! Health       AgentSilent: …`. */
function line(call: Call, { time, severity, category, reason, message, count }: Event): string {
  const warns = severity === EventSeverity.WARNING;
  const text = `${reason}: ${message}${count > 1 ? ` (${count} times)` : ''}`.replaceAll(/\s*\n\s*/g, ' ');
  const head = `${absolute(time)} ${warns ? '!' : ' '} ${category.padEnd(12)} `;
  return head + call.paint(text, warns ? 'busy' : 'plain');
}
