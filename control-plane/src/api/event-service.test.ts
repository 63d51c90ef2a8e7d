import type { ClientReadableStream } from '@grpc/grpc-js';
import type { Event, WatchEventsResponse } from '@flotilla/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openOperator, seenError, type Operator } from '../testing/operator.js';
import { openTestServer, type TestServer } from '../testing/server.js';

let server: TestServer;
let operator: Operator;

beforeAll(async () => {
  server = await openTestServer();
  operator = openOperator(server.port, server.admin.caPem, server.admin.apiKey);
});
afterAll(async () => {
  operator.close();
  await server.remove();
});

/** The next `count` events of a watch, which is then ended. */
function take(stream: ClientReadableStream<WatchEventsResponse>, count: number): Promise<Event[]> {
  const events: Event[] = [];
  return new Promise((resolve, reject) => {
    stream.on('data', ({ event }: WatchEventsResponse) => {
      if (event !== undefined) events.push(event);
      if (events.length < count) return;
      stream.cancel();
      resolve(events);
    });
    stream.on('error', (error) => (events.length < count ? reject(error) : undefined));
  });
}

describe('a watch of events', () => {
  it('begins after the revision of the answer that asked for it, and leaves nothing out', async () => {
    const { revision } = await operator.events.listEvents();
    for (const name of ['one', 'two', 'three']) await operator.clusters.createCluster({ name });
    const events = await take(operator.watch({ afterRevision: revision, resourceKind: 'cluster' }), 3);
    expect(events.map(({ resourceName, reason }) => [resourceName, reason])).toEqual([
      ['one', 'ClusterCreated'],
      ['two', 'ClusterCreated'],
      ['three', 'ClusterCreated'],
    ]);
    const later = take(operator.watch({ afterRevision: events.at(-1)?.revision ?? 0n, resourceKind: 'cluster' }), 1);
    await operator.clusters.createCluster({ name: 'four' });
    expect((await later)[0]?.resourceName).toBe('four');
  });

  it('ends for a revision that is not of this server', async () => {
    const stream = operator.watch({ afterRevision: 1_000_000n });
    const error = await new Promise((resolve) => stream.on('error', resolve).on('data', () => undefined));
    expect(seenError(error)).toMatchObject({ code: 'OUT_OF_RANGE', reason: 'OUT_OF_RANGE' });
  });

  it('refuses kinds there are not', async () => {
    const error: unknown = await operator.events
      .listEvents({ resourceKind: 'pods' })
      .catch((thrown: unknown) => thrown);
    expect(seenError(error).fields).toEqual(['resource_kind']);
  });
});
