import type { EventRecord, Store } from '@flotilla/core';
import { FlotillaError, invalidArgument, suggestion, type FieldViolation } from '@flotilla/kit';
import type { ServiceHandlers } from './call.js';
import { toListQuery } from './list.js';
import type { ApiParts } from './parts.js';
import { toEvent } from './wire-access.js';

const kinds = [
  'project',
  'cluster',
  'pool',
  'machine',
  'node',
  'token',
  'apikey',
  'member',
  'repair',
  'version',
  'instance',
];
/** Events read at once; a watcher that is slower than the feed holds this many and no more. */
const batch = 200;

export function eventService({ store }: ApiParts): ServiceHandlers<'EventService'> {
  return {
    async listEvents(request, call) {
      const { pageSize, pageToken, filter, orderBy } = toListQuery(request.options);
      const violations = kindViolations(request.resourceKind);
      if (orderBy !== undefined) {
        const description = 'is not supported for events: the newest is first';
        violations.push({ field: 'options.order_by', description });
      }
      if (violations.length > 0) throw invalidArgument(violations);
      const resourceId = await resolve(store, call.project.id, request);
      const revision = await store.read.revision();
      const page = await store.read.events({
        projectId: call.project.id,
        ...(request.resourceKind === '' ? {} : { resourceKind: request.resourceKind }),
        ...(resourceId === undefined ? {} : { resourceId }),
        ...(pageSize === undefined ? {} : { pageSize }),
        ...(pageToken === undefined ? {} : { pageToken }),
        ...(filter === undefined ? {} : { filter }),
      });
      return {
        events: page.items.map((record) => toEvent(record, call.project.name)),
        nextPageToken: page.nextPageToken,
        revision: BigInt(revision),
      };
    },

    async watchEvents(request, send, call) {
      const violations = kindViolations(request.resourceKind);
      if (violations.length > 0) throw invalidArgument(violations);
      const resource = resourceOf(request);
      const resourceId = await resolve(store, call.project.id, { ...request, resource });
      const wanted = (event: EventRecord): boolean =>
        event.projectId === call.project.id &&
        (request.resourceKind === '' || event.resourceKind === request.resourceKind) &&
        (resourceId === undefined || event.resourceId === resourceId);
      for await (const event of follow(store, request.afterRevision, call.signal)) {
        if (wanted(event)) await send({ event: toEvent(event, call.project.name) });
      }
    },
  };
}

/** One resource by name or id: sent by the feed, and by clients whose request has the field. */
function resourceOf(request: object): string {
  return 'resource' in request && typeof request.resource === 'string' ? request.resource : '';
}

/**
 * Every event after a revision (0 = from now on), in order, until aborted. The feed is the table: what a slow reader has
 * not taken yet waits there, not in memory. Throws OUT_OF_RANGE when what it wants was retired.
 */
async function* follow(store: Store, afterRevision: bigint, signal: AbortSignal): AsyncGenerator<EventRecord> {
  const newest = await store.read.revision();
  if (afterRevision < 0n || afterRevision > BigInt(newest)) throw ahead(afterRevision, newest);
  let after = afterRevision === 0n ? newest : Number(afterRevision);
  const bell = new Bell();
  const stop = store.onCommit(() => bell.ring());
  const ring = (): void => bell.ring();
  signal.addEventListener('abort', ring, { once: true });
  try {
    while (!signal.aborted) {
      const events = await store.read.eventsAfter(after, batch);
      for (const event of events) {
        yield event;
        after = event.revision;
      }
      if (events.length === 0) await bell.rung();
    }
  } finally {
    stop();
    signal.removeEventListener('abort', ring);
  }
}

/** Remembers one ring, so that a commit between reading and waiting is not missed. */
class Bell {
  #rang = false;
  #waiter: (() => void) | undefined;

  ring(): void {
    this.#rang = true;
    this.#waiter?.();
    this.#waiter = undefined;
  }

  async rung(): Promise<void> {
    if (!this.#rang) await new Promise<void>((resolve) => (this.#waiter = resolve));
    this.#rang = false;
  }
}

function kindViolations(kind: string): FieldViolation[] {
  if (kind === '' || kinds.includes(kind)) return [];
  const near = suggestion(kind, kinds);
  const hint = near === undefined ? `must be one of ${kinds.join(', ')}` : `is not a kind; did you mean ${near}?`;
  return [{ field: 'resource_kind', description: hint }];
}

/** The id of the resource that was named; undefined = all. A name that nothing has now finds no event. */
async function resolve(
  { read }: Store,
  projectId: string,
  request: { readonly resource: string; readonly resourceKind: string },
): Promise<string | undefined> {
  const name = request.resource;
  if (name === '') return undefined;
  if (/^[a-z]{3}_[a-z0-9]{12}$/.test(name)) return name;
  switch (request.resourceKind) {
    case 'cluster':
      return (await read.clusterByName(projectId, name))?.id ?? name;
    case 'machine':
      return (await read.machineByName(projectId, name))?.id ?? name;
    case 'node':
      return (await read.nodesByName(projectId, name))[0]?.id ?? name;
    case 'pool': {
      const { items } = await read.pools({ projectId, filter: `name = ${JSON.stringify(name)}`, pageSize: 2 });
      return items[0]?.id ?? name;
    }
    case 'token':
      return `tok_${name}`;
    case 'apikey':
      return (await read.apiKeyByName(projectId, name))?.id ?? name;
    case 'member':
      return (await read.member(projectId, name))?.id ?? name;
    case 'project':
      return projectId;
    default:
      throw invalidArgument([{ field: 'resource_kind', description: 'is needed when the resource is given by name' }]);
  }
}

function ahead(asked: bigint, newest: number): FlotillaError {
  return new FlotillaError('OUT_OF_RANGE', `Revision ${asked} is not one of this server; the newest is ${newest}.`, {
    kind: 'out-of-range',
    remedy: 'List again, and watch from the revision of that answer.',
  });
}
