import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SimClock, seededRandom, systemClock, systemRandom } from '@flotilla/kit';
import { createKubeClient, type ClosableKubeClient } from './client.js';
import { FakeApiServer, FakeAuthority, RecordingHandler } from './fake/index.js';
import type { KubeConfigMap, KubeManifest } from './objects.js';
import type { KubeEndpoint, TransportLimits } from './transport.js';

const configMap = (name: string, data: Record<string, string> = {}): KubeManifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
});
const at = (name: string): { namespace: string; name: string } => ({ namespace: 'default', name });

let fake: FakeApiServer;
let clock: SimClock;
let clients: ClosableKubeClient[];

beforeEach(async () => {
  fake = await FakeApiServer.start();
  clock = new SimClock();
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client.close();
  await fake.stop();
});

/** A client whose time stands still until the test moves it. */
function connect(endpoint: KubeEndpoint = fake.endpoint(), limits: Partial<TransportLimits> = {}): ClosableKubeClient {
  const client = createKubeClient(endpoint, { clock, random: seededRandom(1) }, limits);
  clients.push(client);
  return client;
}

describe('who we are, and who they are', () => {
  test('a bearer token serves as well as a certificate; neither is refused', async () => {
    const server = fake.server;
    expect(await connect({ server, caPem: fake.authority.caPem, bearerToken: fake.token }).list('nodes')).toMatchObject(
      { items: [] },
    );
    await expect(connect({ server, caPem: fake.authority.caPem }).list('nodes')).rejects.toMatchObject({
      code: 'KUBE_UNAUTHENTICATED',
    });
  });

  test('a server of another CA, or of another name, gets no request', async () => {
    const foreign = connect({ server: fake.server, caPem: new FakeAuthority().caPem, bearerToken: 'secret' });
    await expect(foreign.version()).rejects.toMatchObject({ code: 'KUBE_TLS_UNTRUSTED' });
    const misnamed = connect({ ...fake.endpoint(), serverName: 'other.example.com' });
    await expect(misnamed.version()).rejects.toMatchObject({ code: 'KUBE_TLS_UNTRUSTED' });
    expect(fake.seen).toEqual([]);
  });

  test('a name of its own is asked for when the address is not in the certificate', async () => {
    expect(await connect({ ...fake.endpoint(), serverName: 'kubernetes' }).version()).toMatchObject({
      gitVersion: 'v1.35.4',
    });
  });

  test.each([
    ['http://127.0.0.1:1', /https/],
    ['https://user:pass@127.0.0.1', /credentials/],
    ['https://127.0.0.1/path', /port/],
    ['127.0.0.1', /URL/],
  ])('the address %s is refused', (server, why) => {
    expect(() => connect({ server })).toThrow(why);
  });

  test.each(['keyPem', 'certificatePem', 'caPem'] as const)(
    'a %s that is none is refused before the first call',
    (field) => {
      for (const wrong of ['', 'no pem']) {
        // An empty CA would otherwise mean: whoever the authorities of this host vouch for.
        if (wrong === '' && field !== 'caPem') continue;
        const refusal = expect.objectContaining({ code: 'KUBE_INVALID' }) as Error;
        expect(() => connect({ ...fake.endpoint(), [field]: wrong })).toThrow(refusal);
      }
    },
  );
});

describe('a call that goes wrong', () => {
  test('nobody listens: unreachable, to be tried later', async () => {
    const port = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const address = server.address();
        server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
      });
    });
    const client = connect({ ...fake.endpoint(), server: `https://127.0.0.1:${port}` });
    await expect(client.version()).rejects.toMatchObject({ code: 'KUBE_UNREACHABLE', retry: 'later' });
  });

  test('no answer: the deadline of the call, else that of the client', async () => {
    fake.fail({ times: 2, fault: { kind: 'stall' } });
    const client = connect(undefined, { timeoutMs: 7_000 });
    const [long, short] = [client.version(), client.version({ timeoutMs: 2_000 })];
    const verdicts = Promise.allSettled([long, short]);
    await clock.waitForSleepers(2);
    await clock.advance(2_000);
    await expect(short).rejects.toMatchObject({
      code: 'KUBE_TIMEOUT',
      message: expect.stringContaining('2000 ms') as string,
    });
    await clock.advance(5_000);
    await expect(long).rejects.toMatchObject({ code: 'KUBE_TIMEOUT', retry: 'later' });
    await verdicts;
    expect(clock.sleeping).toBe(0);
  });

  test('the caller gives up: before, and meanwhile', async () => {
    const client = connect();
    const stop = new AbortController();
    fake.fail({ fault: { kind: 'stall' } });
    const call = client.version({ signal: stop.signal });
    stop.abort();
    await expect(call).rejects.toMatchObject({ code: 'KUBE_CANCELLED', kind: 'cancelled' });
    await expect(client.version({ signal: stop.signal })).rejects.toMatchObject({ code: 'KUBE_CANCELLED' });
    expect(clock.sleeping).toBe(0);
  });

  test('the connection is cut: a write is never sent twice', async () => {
    const client = connect();
    fake.fail({ method: 'POST', fault: { kind: 'cut-after' } });
    await expect(client.create('configmaps', configMap('a'))).rejects.toMatchObject({ code: 'KUBE_UNREACHABLE' });
    expect(fake.seen.filter(({ method }) => method === 'POST')).toHaveLength(1);
    await expect(client.create('configmaps', configMap('a'))).rejects.toMatchObject({ code: 'KUBE_ALREADY_EXISTS' });
  });

  test('a kept connection that died meanwhile costs a read nothing', async () => {
    const client = connect();
    await client.version();
    fake.fail({ method: 'GET', fault: { kind: 'cut' } });
    expect(await client.version()).toMatchObject({ major: 1 });
    fake.fail({ method: 'GET', times: 2, fault: { kind: 'cut' } });
    await expect(client.version()).rejects.toMatchObject({ code: 'KUBE_UNREACHABLE' });
  });

  test('a redirect is not followed, a page is no answer, a flood is cut short', async () => {
    const client = connect(undefined, { bodyBytesMax: 10_000 });
    fake.fail({ fault: { kind: 'body', status: 302, body: '', headers: { location: fake.server } } });
    await expect(client.version()).rejects.toMatchObject({ code: 'KUBE_BAD_ANSWER' });
    fake.fail({ fault: { kind: 'body', status: 200, body: '<html>login</html>' } });
    await expect(client.list('nodes')).rejects.toMatchObject({ code: 'KUBE_BAD_ANSWER' });
    fake.fail({ fault: { kind: 'body', status: 200, body: '{"items":[]}' } });
    await expect(client.list('nodes')).rejects.toMatchObject({ code: 'KUBE_BAD_ANSWER' });
    fake.fail({ fault: { kind: 'body', status: 200, body: 'x'.repeat(20_000) } });
    await expect(client.version()).rejects.toMatchObject({ code: 'KUBE_TOO_LARGE' });
  });

  test('absent is only what the API server itself calls not found', async () => {
    const client = connect();
    expect(await client.get('configmaps', at('none'))).toBeUndefined();
    fake.fail({ times: 2, fault: { kind: 'body', status: 404, body: 'no such page' } });
    await expect(client.get('configmaps', at('none'))).rejects.toMatchObject({ code: 'KUBE_NOT_FOUND' });
    await expect(client.delete('configmaps', at('none'))).rejects.toMatchObject({ code: 'KUBE_NOT_FOUND' });
  });

  test('not ready is an answer with names; a gateway that answers instead is not', async () => {
    const client = connect();
    fake.notReady = ['etcd', 'informer-sync'];
    expect(await client.readyz()).toEqual({ ready: false, failing: ['etcd', 'informer-sync'] });
    fake.fail({ fault: { kind: 'body', status: 503, body: 'no backend' } });
    await expect(client.readyz()).rejects.toMatchObject({ code: 'KUBE_UNREACHABLE' });
  });
});

test('a list whose snapshot expired is begun anew, once', async () => {
  const client = connect();
  for (const name of ['a', 'b', 'c']) fake.put(configMap(name));
  fake.forgetHistory();
  const names = (await client.listAll('configmaps', { namespace: 'default', limit: 2 })).map((item) => item.meta.name);
  expect(names).toEqual(['a', 'b', 'c']);
  fake.fail({ times: 9, path: /continue=/, fault: { kind: 'refuse', status: 410, reason: 'Expired' } });
  await expect(client.listAll('configmaps', { limit: 2 })).rejects.toMatchObject({ code: 'KUBE_EXPIRED' });
});

describe('evictions', () => {
  const pod: KubeManifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default' },
    spec: { nodeName: 'n' },
    status: { phase: 'Running' },
  };

  test('blocked says when to ask again, and an error is no verdict', async () => {
    fake.put(pod);
    fake.answerEviction('default', 'p', [{ status: 429, retryAfterSeconds: 10, message: 'budget' }]);
    const client = connect();
    expect(await client.evict({ namespace: 'default', name: 'p' })).toEqual({
      kind: 'blocked',
      message: 'budget',
      retryAfterMs: 10_000,
    });
    fake.fail({ fault: { kind: 'refuse', status: 403, reason: 'Forbidden' } });
    await expect(client.evict({ namespace: 'default', name: 'p' })).rejects.toMatchObject({ code: 'KUBE_FORBIDDEN' });
  });

  test('evicted is not gone: the pod is there until its kubelet is done', async () => {
    fake.put(pod);
    fake.lingerPods();
    const client = connect();
    expect(await client.evict({ namespace: 'default', name: 'p' })).toEqual({ kind: 'evicted' });
    expect((await client.get('pods', at('p')))?.meta.deletingSinceMs).toBeTypeOf('number');
    fake.finishPod('default', 'p');
    expect(await client.get('pods', at('p'))).toBeUndefined();
  });
});

describe('a watch over the network', () => {
  let handler: RecordingHandler<KubeConfigMap>;
  let stop: AbortController;
  let watching: Promise<void>;

  function watch(limits: Partial<TransportLimits> = {}): void {
    handler = new RecordingHandler();
    stop = new AbortController();
    watching = connect(undefined, limits).watchList('configmaps', handler, stop.signal, { namespace: 'default' });
  }
  /** The test moves time before it can know that the client has seen its watch begin. */
  const patient = { timeoutMs: 3_600_000 };
  afterEach(async () => {
    stop.abort();
    await watching;
  });

  test('a cut connection is lost and listed anew', async () => {
    watch();
    await handler.said('list');
    await fake.watchesBegun(1);
    fake.put(configMap('a'));
    await handler.said('added a');
    fake.cutConnections();
    await handler.said('lost KUBE_UNREACHABLE');
    fake.remove(configMap('a'));
    await clock.waitForSleepers(1);
    await clock.advance(1_000);
    await handler.count(4);
    expect(handler.heard).toEqual(['list', 'added a', 'lost KUBE_UNREACHABLE', 'list']);
  });

  test('a watch that says nothing for too long is dead; one with bookmarks is not', async () => {
    watch({ ...patient, idleTimeoutMs: 150_000 });
    await handler.said('list');
    await fake.watchesBegun(1);
    await clock.advance(149_000);
    fake.put(configMap('sign-of-life'));
    await handler.said('added sign-of-life');
    await clock.advance(149_000);
    expect(handler.heard).toHaveLength(2);
    await clock.advance(1_000);
    await handler.said('lost KUBE_TIMEOUT');
  });

  test('a watch that does not begin is not waited for as long', async () => {
    fake.fail({ path: /watch=true/, fault: { kind: 'stall' } });
    watch({ timeoutMs: 10_000, idleTimeoutMs: 150_000 });
    await handler.said('list');
    // The deadline of the watch that is being opened.
    await clock.waitForSleepers(1);
    await clock.advance(10_000);
    await handler.said('lost KUBE_TIMEOUT');
  });

  test('when its time is over it goes on from the last bookmark, and misses nothing', async () => {
    watch(patient);
    await handler.said('list');
    await fake.watchesBegun(1);
    await clock.advance(60_000);
    fake.endWatches();
    fake.put(configMap('between'));
    await handler.said('added between');
    expect(handler.heard).toEqual(['list', 'added between']);
    expect(fake.seen.filter(({ query }) => query.includes('watch=true'))).toHaveLength(2);
  });

  test('a line beyond the cap, or no JSON, is a loss', async () => {
    watch({ lineBytesMax: 1_000 });
    await handler.said('list');
    await fake.watchesBegun(1);
    fake.sendRawWatchLine('not json');
    await handler.said('lost KUBE_BAD_ANSWER');
    await clock.waitForSleepers(1);
    await clock.advance(1_000);
    await handler.count(3);
    await fake.watchesBegun(2);
    fake.sendRawWatchLine('x'.repeat(5_000));
    await handler.said('lost KUBE_TOO_LARGE');
  });

  test('a refused watch is lost with the reason of the server', async () => {
    fake.fail({ path: /watch=true/, fault: { kind: 'refuse', status: 403, reason: 'Forbidden' } });
    watch();
    await handler.said('lost KUBE_FORBIDDEN');
  });
});

test('with real time, as in production, deadlines pass too', async () => {
  const client = createKubeClient(fake.endpoint(), { clock: systemClock, random: systemRandom });
  clients.push(client);
  fake.fail({ fault: { kind: 'stall' } });
  await expect(client.version({ timeoutMs: 30 })).rejects.toMatchObject({ code: 'KUBE_TIMEOUT' });
});
