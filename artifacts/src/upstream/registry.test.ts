import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seededRandom, systemClock } from '@flotilla/kit';
import { describe, expect, it, onTestFinished } from 'vitest';
import { httpGet } from '../adapters/http.js';
import { BlobStore } from '../blob-store.js';
import { containing, errorWith, neverAborted, temporaryDir } from '../test-support/builders.js';
import { FakeUpstream } from '../test-support/fake-upstream.js';
import { parseReference, RegistryClient } from './registry.js';

const image = 'registry.k8s.io/pause:3.10.1';

async function clientOf(base: string): Promise<RegistryClient> {
  return new RegistryClient(
    { 'registry.k8s.io': base },
    {
      http: httpGet,
      clock: { now: () => systemClock.now(), sleep: () => Promise.resolve() },
      random: seededRandom(1),
      sink: new BlobStore(await temporaryDir()),
      progress: () => undefined,
      signal: neverAborted,
    },
  );
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  // A TCP server has an address and port.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const digest = `sha256:${'a'.repeat(64)}`;

describe('parseReference', () => {
  it.each([
    ['registry.k8s.io/coredns/coredns:v1.12.1', 'registry.k8s.io', 'coredns/coredns', 'v1.12.1', undefined],
    ['localhost:5000/pause:3.10.1', 'localhost:5000', 'pause', '3.10.1', undefined],
    [`quay.io/cilium/cilium:v1.20.2@${digest}`, 'quay.io', 'cilium/cilium', 'v1.20.2', digest],
    [`quay.io/cilium/cilium@${digest}`, 'quay.io', 'cilium/cilium', undefined, digest],
    ['calico/node:v3.32.2', 'docker.io', 'calico/node', 'v3.32.2', undefined],
    ['busybox:1', 'docker.io', 'library/busybox', '1', undefined],
  ])('%s', (reference, registry, repository, tag, wanted) => {
    expect(parseReference(reference)).toEqual({ registry, repository, tag, digest: wanted });
  });

  it.each(['registry.k8s.io/pause', 'a/../b:1', 'quay.io/x:', 'quay.io/X:1', 'q.io/x@sha256:00', 'q.io/x:1 y', ''])(
    'refuses %j',
    (text) => {
      expect(() => parseReference(text)).toThrow(errorWith({ code: 'IMAGE_REFERENCE_INVALID' }));
    },
  );
});

describe('RegistryClient', () => {
  it('takes the architecture that was asked for', async () => {
    const fake = await FakeUpstream.start();
    const [amd64 = '', arm64 = ''] = fake.serveImage(image, ['amd64', 'arm64']);
    await (await clientOf(fake.base)).pull(image, 'arm64');
    expect([fake.count(amd64), fake.count(arm64)]).toEqual([0, 1]);
  });

  it('refuses a layer that is not what its digest says', async () => {
    const fake = await FakeUpstream.start();
    const [layer = ''] = fake.serveImage(image, ['amd64']);
    fake.serve(layer, 'x'.repeat(`layer of ${image} for amd64`.length));
    await expect((await clientOf(fake.base)).pull(image, 'amd64')).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
  });

  it('asks nobody for a token whom the registry’s own address does not vouch for', async () => {
    const asked: string[] = [];
    const elsewhere = await serve((request, response) => {
      asked.push(request.url ?? '');
      response.end('{"token":"x"}');
    });
    const base = await serve((_request, response) => {
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${elsewhere}/token",service="x"` }).end();
    });
    await expect((await clientOf(base)).pull(image, 'amd64')).rejects.toMatchObject({ code: 'ARTIFACT_REFUSED' });
    expect(asked).toEqual([]);
  });

  it('gives up when the token does not open the door', async () => {
    const base = await serve((request, response) => {
      if (request.url?.startsWith('/token')) response.end('{"token":"x"}');
      else response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${request.headers.host}/token"` }).end();
    });
    await expect((await clientOf(base)).pull(image, 'amd64')).rejects.toMatchObject({
      code: 'ARTIFACT_REFUSED',
      remedy: containing('mirror'),
    });
  });

  it('refuses a registry without an address', async () => {
    const client = await clientOf('http://127.0.0.1:1');
    await expect(client.pull('quay.io/x/y:1', 'amd64')).rejects.toMatchObject({ code: 'REGISTRY_UNKNOWN' });
  });
});
