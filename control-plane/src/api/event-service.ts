import type { EventRecord } from '@flotilla/core';
import { FlotillaError, invalidArgument } from '@flotilla/kit';
import type { ServiceHandlers } from './call.js';
import { toListQuery } from './list.js';
import type { ApiParts } from './parts.js';
import { toEvent } from './wire.js';

const kinds = ['project', 'cluster', 'pool', 'machine', 'node', 'token', 'apikey', 'version', 'instance'];
/** Events read at once; a watcher that is slower than the feed holds this many and no more. */
const batch = 200;

export function eventService({ store }: ApiParts): ServiceHandlers<'EventService'> {
  return {
    async listEvents(request, call) {
      checkKind(request.resourceKind);
      const { pageSize, pageToken, filter } = toListQuery(request.options);
      const resourceId = request.resource === '' ? undefined : await resolve(store, call.project.id, request);
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
      checkKind(request.resourceKind);
      const newest = await store.read.revision();
      let after = request.afterRevision === 0n ? newest : Number(request.afterRevision);
      if (after < 0 || after > newest) throw ahead(request.afterRevision, newest);
      const wanted = (event: EventRecord): boolean =>
        event.projectId === call.project.id &&
        (request.resourceKind === '' || event.resourceKind === request.resourceKind);
      // The feed is the table: what a slow reader has not taken yet waits there, not in memory.
      const bell = new Bell();
      const stop = store.onCommit(() => bell.ring());
      call.signal.addEventListener('abort', () => bell.ring(), { once: true });
      try {
        while (!call.signal.aborted) {
          const events = await store.read.eventsAfter(after, batch);
          for (const event of events) {
            if (wanted(event)) await send({ event: toEvent(event, call.project.name) });
            after = event.revision;
          }
          if (events.length === 0) await bell.rung();
        }
      } finally {
        stop();
      }
    },
  };
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

function checkKind(kind: string): void {
  if (kind === '' || kinds.includes(kind)) return;
  throw invalidArgument([{ field: 'resource_kind', description: `must be one of ${kinds.join(', ')}` }]);
}

async function resolve(
  { read }: ApiParts['store'],
  projectId: string,
  request: { readonly resource: string; readonly resourceKind: string },
): Promise<string> {
  if (/^[a-z]{3}_[a-z0-9]{12}$/.test(request.resource)) return request.resource;
  const name = request.resource;
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
