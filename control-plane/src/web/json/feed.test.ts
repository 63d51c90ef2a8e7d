import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Role } from '@flotilla/proto';
import { openOperator, type Operator } from '../../testing/operator.js';
import { openTestServer, type TestServer } from '../../testing/server.js';

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

/** A client that keeps what it was sent. */
class FeedClient {
  readonly messages: Readonly<Record<string, unknown>>[] = [];
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  #wake: () => void = () => undefined;

  constructor(headers: Record<string, string> = {}) {
    this.#socket = new WebSocket(`wss://127.0.0.1:${server.port}/v1/feed`, { ca: server.admin.caPem, headers });
    this.#socket.on('message', (data: Buffer) => {
      this.messages.push(JSON.parse(data.toString('utf8')) as Readonly<Record<string, unknown>>);
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      this.#socket.on('close', (code) => resolve(code));
      this.#socket.on('error', () => resolve(0));
    });
  }

  async open(hello: unknown): Promise<this> {
    await new Promise<void>((resolve, reject) => this.#socket.on('open', resolve).on('error', reject));
    this.#socket.send(typeof hello === 'string' ? hello : JSON.stringify(hello));
    return this;
  }

  /** Waits for this many messages. */
  async take(count: number): Promise<Readonly<Record<string, unknown>>[]> {
    while (this.messages.length < count) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.messages.slice(0, count);
  }

  end(): void {
    this.#socket.terminate();
  }
}

const key = () => ({ authorization: `Bearer ${server.admin.apiKey}` });
const reasonsOf = (messages: readonly Readonly<Record<string, unknown>>[]) =>
  messages.map((message) => (message['event'] as { reason: string }).reason);

describe('the live feed', () => {
  it('tells what happens, and goes on where a client left off, without a gap', async () => {
    const { revision } = await operator.clusters.createCluster({ name: 'one' });
    const feed = await new FeedClient(key()).open({ afterRevision: String(revision - 1n) });
    const [first] = await feed.take(1);
    expect(first?.['event']).toMatchObject({
      revision: String(revision),
      reason: 'ClusterCreated',
      resourceName: 'one',
    });
    await operator.pools.createNodePool({ cluster: 'one', name: 'live' });
    expect(reasonsOf(await feed.take(2))).toEqual(['ClusterCreated', 'PoolCreated']);
    feed.end();
    await operator.pools.deleteNodePool({ nodePool: 'live' });
    const again = await new FeedClient().open({ ...key(), afterRevision: String(revision) });
    expect(reasonsOf(await again.take(2))).toEqual(['PoolCreated', 'PoolDeletionRequested']);
    again.end();
  });

  it('tells of one kind, or of one thing', async () => {
    const revision = String((await operator.clusters.createCluster({ name: 'two' })).revision);
    const pool = await new FeedClient().open({ ...key(), afterRevision: revision, resourceKind: 'pool' });
    await operator.pools.createNodePool({ cluster: 'two', name: 'a' });
    await operator.pools.createNodePool({ cluster: 'two', name: 'b' });
    const one = await new FeedClient().open({ ...key(), afterRevision: revision, resourceKind: 'pool', resource: 'b' });
    await operator.clusters.pauseCluster({ cluster: 'two' });
    await operator.pools.pauseNodePool({ nodePool: 'b' });
    expect(reasonsOf(await pool.take(3))).toEqual(['PoolCreated', 'PoolCreated', 'Paused']);
    const named = (await one.take(2)).map((message) => (message['event'] as { resourceName: string }).resourceName);
    expect(named).toEqual(['b', 'b']);
    pool.end();
    one.end();
  });

  it.each([
    ['without a key', {}, 'unauthenticated'],
    ['with a wrong key', { authorization: 'Bearer flk_abcdefgh2345.abcdefghjkmnpqrstvwxyz2345' }, 'unauthenticated'],
    ['that is no object', '[]', 'invalid_argument'],
    ['of a field there is not', { projct: 'default' }, 'invalid_argument'],
    ['of a revision that never was', { afterRevision: '999999' }, 'out_of_range'],
  ])('refuses a first message %s', async (name, hello, code) => {
    const withKey = !name.includes('key');
    const body = typeof hello === 'string' || !withKey ? hello : { ...key(), ...hello };
    const feed = await new FeedClient().open(body);
    const [message] = await feed.take(1);
    expect(message?.['error']).toMatchObject({ code });
    expect(await feed.closed).toBe(1008);
  });

  it('tells nothing of other projects', async () => {
    await operator.projects.createProject({ name: 'other' });
    const { secret } = await operator.access.createApiKey({ project: 'other', name: 'reader', role: Role.READER });
    const before = await server.store.read.revision();
    const feed = await new FeedClient().open({ authorization: `Bearer ${secret}`, afterRevision: String(before) });
    const refused = await new FeedClient().open({ authorization: `Bearer ${secret}`, project: 'default' });
    expect((await refused.take(1))[0]?.['error']).toMatchObject({ code: 'permission_denied' });
    await operator.clusters.createCluster({ name: 'unseen' });
    await operator.clusters.createCluster({ project: 'other', name: 'seen' });
    const [first] = await feed.take(1);
    expect(first?.['event']).toMatchObject({ resourceName: 'seen', project: 'other' });
    feed.end();
  });

  it('is not for pages of other origins', async () => {
    expect(await new FeedClient({ ...key(), origin: 'https://evil.example' }).closed).toBe(0);
    const own = await new FeedClient({ ...key(), origin: 'https://127.0.0.1:7440' }).open({});
    own.end();
  });

  it('ends with the server', async () => {
    const other = await openTestServer();
    const socket = new WebSocket(`wss://127.0.0.1:${other.port}/v1/feed`, {
      ca: other.admin.caPem,
      headers: { authorization: `Bearer ${other.admin.apiKey}` },
    });
    await new Promise<void>((resolve) => socket.on('open', resolve));
    socket.send('{}');
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    await other.remove();
    expect(await closed).toBe(1001);
  });
});
