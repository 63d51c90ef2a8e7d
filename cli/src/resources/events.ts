import { Event, EventServiceService, EventSeverity, ListEventsRequest } from '@flotilla/proto';
import { FlotillaError } from '@flotilla/kit';
import type { Session } from '../call.js';
import { timeCell } from './places.js';
import { type Item, noStanding, type Query, type Resource, toKindJson } from './resource.js';

const eventsMax = 500;

/** The newest events, oldest first, of one resource or of all. */
export async function listEvents(
  session: Session,
  wanted: { resource?: string; kind?: string; filter?: string; orderBy?: string; countMax?: number },
): Promise<{ events: readonly Event[]; revision: bigint }> {
  const { events, revision } = await session.connection.unary(
    EventServiceService.listEvents,
    ListEventsRequest.create({
      project: session.project,
      resource: wanted.resource ?? '',
      resourceKind: wanted.kind ?? '',
      // The server gives the newest first, and nothing else.
      options: { pageSize: wanted.countMax ?? eventsMax, filter: wanted.filter ?? '', orderBy: wanted.orderBy ?? '' },
    }),
  );
  return { events: [...events].sort((a, b) => (a.revision < b.revision ? -1 : 1)), revision };
}

export function toEventItem(event: Event): Item {
  return {
    id: event.id,
    name: event.id,
    json: toKindJson('event', Event.toJSON(event)),
    standing: noStanding,
    cells: (nowMs, wide) => [
      timeCell(event.time, nowMs, wide),
      event.severity === EventSeverity.WARNING ? { text: 'Warning', tone: 'busy' } : { text: 'Normal' },
      { text: event.category },
      { text: event.reason },
      { text: `${event.resourceKind}/${event.resourceName === '' ? event.resourceId : event.resourceName}` },
      { text: event.count > 1 ? `${event.message} (${event.count} times)` : event.message },
    ],
    describe: () => Promise.resolve([`Event ${event.id}`, event.message]),
  };
}

async function list(session: Session, query: Query): Promise<readonly Item[]> {
  const { events } = await listEvents(session, { filter: query.filter, orderBy: query.orderBy });
  return events.map(toEventItem);
}

export const eventResource: Resource = {
  columns: [
    { header: 'AGE', volatile: true },
    { header: 'TYPE' },
    { header: 'CATEGORY' },
    { header: 'REASON' },
    { header: 'OBJECT' },
    { header: 'MESSAGE' },
  ],
  goals: [],
  list,
  get: async (session, name, query) => {
    const found = (await list(session, query)).find((item) => item.id === name);
    if (found !== undefined) return found;
    throw new FlotillaError('EVENT_NOT_FOUND', `there is no event ${name} among the last ${eventsMax}`, {
      kind: 'not-found',
      remedy: 'For the events of one thing: flotilla events node/edge-7',
    });
  },
};
