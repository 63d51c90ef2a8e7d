import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seededRandom, systemClock } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { readTar } from '../adapters/tar.js';
import { exportBundle, importBundle } from '../bundle.js';
import { parseManifest, withArch } from '../manifest.js';
import { openMirror, type Mirror } from '../mirror.js';
import { neverAborted, put, sha256Of, someArtifacts, temporaryDir } from '../test-support/builders.js';
import { FakeUpstream } from '../test-support/fake-upstream.js';
import { architecturesOfCni, imagesOfCni, withCniImages } from './entry.js';
import type { CniPin } from './pin.js';
import { CniUpstream, localReference } from './upstream.js';

const options = { signal: neverAborted };
const images = ['quay.io/calico/node:v3.32.2', 'quay.io/calico/cni:v3.32.2'];

interface Scene {
  readonly fake: FakeUpstream;
  readonly mirror: Mirror;
  readonly source: CniUpstream;
  readonly pin: CniPin;
  readonly text: string;
  readonly dir: string;
}

/** A manifest whose second image is pinned by digest, as charts write it. */
async function aScene(): Promise<Scene> {
  const fake = await FakeUpstream.start();
  for (const image of images) fake.serveImage(image, ['amd64', 'arm64']);
  const text = [images[0], `${images[1]}@${fake.digestOf(images[1] ?? '')}`]
    .map((image) => `image: ${image}`)
    .join('\n');
  fake.serve('/calico.yaml', text);
  const dir = await temporaryDir();
  const source = new CniUpstream({
    clock: { now: () => systemClock.now(), sleep: () => Promise.resolve() },
    random: seededRandom(1),
    imagesOf: (manifest) => [...manifest.matchAll(/image: (\S+)/g)].map((match) => match[1] ?? ''),
    registries: { 'quay.io': fake.base },
  });
  const from = { kind: 'url', url: `${fake.base}/calico.yaml` } as const;
  const pin = { cni: 'calico', version: 'v3.32.2', from, sha256: sha256Of(text) } as const;
  return { fake, mirror: openMirror(join(dir, 'mirror'), { clock: systemClock }), source, pin, text, dir };
}

describe('a network plugin from upstream', () => {
  it('comes in whole: manifest and images, under the names that nodes will have', async () => {
    const { mirror, source, pin, text } = await aScene();
    const entry = await mirror.syncCni(pin, ['amd64'], source, options);
    expect(await mirror.cni.text('calico', 'v3.32.2')).toBe(text);
    expect(architecturesOfCni(entry)).toEqual(['amd64']);
    expect(Object.values(imagesOfCni(entry))).toEqual(images);
    const [first] = entry.images;
    const archive = mirror.blobs.path(first?.arch.amd64?.sha256 ?? '');
    const seen: string[] = [];
    await readTar(archive, async ({ name }, content) => {
      if (name !== 'index.json') return;
      for await (const chunk of content) seen.push(Buffer.from(chunk).toString());
    });
    expect(seen.join('')).toContain(`"io.containerd.image.name":"${images[0]}"`);
    expect(await mirror.verify(options)).toEqual([]);
  });

  it('adds another architecture later without fetching what is there', async () => {
    const { fake, mirror, source, pin } = await aScene();
    await mirror.syncCni(pin, ['amd64'], source, options);
    const layers = fake.requests.filter(({ path }) => path.includes('/blobs/')).length;
    const entry = await mirror.syncCni(pin, ['arm64'], source, options);
    expect(architecturesOfCni(entry)).toEqual(['amd64', 'arm64']);
    await mirror.syncCni(pin, ['amd64', 'arm64'], source, options);
    expect(fake.requests.filter(({ path }) => path.includes('/blobs/'))).toHaveLength(layers * 2);
    expect((await mirror.cni.newest('calico', ['amd64', 'arm64']))?.version).toBe('v3.32.2');
    expect(await mirror.cni.newest('cilium', ['amd64'])).toBeUndefined();
  });

  it('stays as it was taken when a tag names something else later, and is repaired when it is damaged', async () => {
    const { fake, mirror, source, pin } = await aScene();
    const before = await mirror.syncCni(pin, ['amd64'], source, options);
    const requests = fake.requests.length;
    fake.without('/v2/calico/node/manifests/v3.32.2');
    expect(await mirror.syncCni(pin, ['amd64'], source, options)).toEqual(before);
    expect(fake.requests).toHaveLength(requests);
    fake.serveImage(images[0] ?? '', ['amd64', 'arm64']);
    await writeFile(mirror.blobs.path(before.manifest.sha256), 'x');
    await writeFile(mirror.blobs.path(before.images[0]?.arch.amd64?.sha256 ?? ''), 'x');
    await mirror.syncCni(pin, ['amd64'], source, options);
    expect(await mirror.verify(options)).toEqual([]);
  });

  it('is refused when the manifest is not the pinned one, and nothing is there', async () => {
    const { fake, mirror, source, pin } = await aScene();
    fake.serve('/calico.yaml', 'image: quay.io/evil/node:v1');
    await expect(mirror.syncCni(pin, ['amd64'], source, options)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
    expect(await mirror.cni.list()).toEqual([]);
    expect(fake.requests.some(({ path }) => path.includes('evil'))).toBe(false);
  });

  it('is refused when an image is not the one that the manifest names by digest', async () => {
    const { fake, mirror, source, pin } = await aScene();
    const path = `/v2/calico/cni/manifests/${fake.digestOf(images[1] ?? '')}`;
    fake.faults.set(
      path,
      Array.from({ length: 9 }, () => ({ body: '{}' })),
    );
    await expect(mirror.syncCni(pin, ['amd64'], source, options)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
    expect(await mirror.cni.list()).toEqual([]);
  });

  it('does not change: another manifest under the same version is a conflict', async () => {
    const { mirror, source, pin } = await aScene();
    await mirror.syncCni(pin, ['amd64'], source, options);
    const other = { ...pin, sha256: sha256Of('other') };
    await expect(mirror.syncCni(other, ['amd64'], source, options)).rejects.toMatchObject({ code: 'CNI_PIN_DIFFERS' });
  });

  it('comes from a file too, verified the same way', async () => {
    const { mirror, source, pin, text, dir } = await aScene();
    const path = await put(join(dir, 'calico.yaml'), text);
    await mirror.syncCni({ ...pin, from: { kind: 'file', path } }, ['amd64'], source, options);
    expect(await readFile(path, 'utf8')).toBe(text);
    await writeFile(path, `${text}\n`);
    const next = { ...pin, version: 'v3.32.3', from: { kind: 'file', path } } as const;
    await expect(mirror.syncCni(next, ['amd64'], source, options)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
    const nowhere = { ...next, from: { kind: 'file', path: join(dir, 'none') } } as const;
    await expect(mirror.syncCni(nowhere, ['amd64'], source, options)).rejects.toMatchObject({
      code: 'ARTIFACT_NOT_FOUND',
    });
  });

  it('from a registry that has no address here says which', async () => {
    const { fake, mirror, source, pin } = await aScene();
    const text = 'image: registry.example.com/a:1';
    fake.serve('/calico.yaml', text);
    const other = { ...pin, sha256: sha256Of(text) };
    await expect(mirror.syncCni(other, ['amd64'], source, options)).rejects.toMatchObject({ code: 'REGISTRY_UNKNOWN' });
  });

  it('is kept by gc, and its damage is found', async () => {
    const { mirror, source, pin } = await aScene();
    const entry = await mirror.syncCni(pin, ['amd64'], source, options);
    await mirror.gc(neverAborted);
    expect(await mirror.verify(options)).toEqual([]);
    await writeFile(mirror.blobs.path(entry.manifest.sha256), 'x');
    expect(await mirror.verify(options)).toMatchObject([{ version: 'calico v3.32.2', fault: 'damaged' }]);
    await expect(mirror.cni.text('calico', 'v3.32.2')).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
  });
});

describe('a bundle with a network plugin', () => {
  it('carries it to a mirror without a network', async () => {
    const { mirror, source, pin, text, dir } = await aScene();
    await mirror.syncCni(pin, ['amd64', 'arm64'], source, options);
    const file = join(dir, 'bundle.tar');
    await exportBundle(mirror, [], file, { ...options, cni: [{ cni: 'calico', version: 'v3.32.2' }] });
    const there = openMirror(join(dir, 'there'), { clock: systemClock });
    expect(await importBundle(there, file, options)).toEqual([]);
    expect(await there.cni.text('calico', 'v3.32.2')).toBe(text);
    expect(await there.cni.list()).toEqual(await mirror.cni.list());
    expect(await there.verify(options)).toEqual([]);
  });

  it('never replaces the manifest of a release that is there', async () => {
    const { fake, mirror, source, pin, dir } = await aScene();
    await mirror.syncCni(pin, ['amd64'], source, options);
    const file = join(dir, 'bundle.tar');
    const cni = [{ cni: 'calico', version: 'v3.32.2' }] as const;
    await exportBundle(mirror, [], file, { ...options, cni });
    const there = openMirror(join(dir, 'there'), { clock: systemClock });
    const other = `image: ${images[0] ?? ''}`;
    fake.serve('/calico.yaml', other);
    await there.syncCni({ ...pin, sha256: sha256Of(other) }, ['amd64'], source, options);
    await expect(importBundle(there, file, options)).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
    expect(await there.cni.text('calico', 'v3.32.2')).toBe(other);
  });

  it('of a release that is not there cannot be written', async () => {
    const { mirror, dir } = await aScene();
    const cni = [{ cni: 'calico', version: 'v3.32.2' }] as const;
    await expect(exportBundle(mirror, [], join(dir, 'b.tar'), { ...options, cni })).rejects.toMatchObject({
      code: 'ARTIFACT_NOT_FOUND',
    });
  });
});

describe('the files of a node', () => {
  it('have the images of the plugin in place of flannel’s, as a manifest that nodes accept', async () => {
    const { mirror, source, pin } = await aScene();
    const entry = await mirror.syncCni(pin, ['amd64'], source, options);
    const artifacts = withCniImages(someArtifacts(), entry, 'amd64');
    if (artifacts === undefined) throw new Error('no artifacts');
    const manifest = parseManifest(withArch(undefined, 'v1.34.4', 'amd64', artifacts));
    const names = manifest.arch.amd64?.files.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['image-calico-node', 'image-calico-cni']));
    expect(names).not.toContain('image-flannel');
    expect(withCniImages(someArtifacts(), entry, 'arm64')).toBeUndefined();
  });
});

describe('the name of an image on a node', () => {
  it.each([
    ['quay.io/a/b:1', 'quay.io/a/b:1'],
    [`quay.io/a/b:1@sha256:${'c'.repeat(64)}`, 'quay.io/a/b:1'],
    [`quay.io/a/b@sha256:${'c'.repeat(64)}`, 'quay.io/a/b:sha256-cccccccccccccccc'],
    ['a/b:1', 'docker.io/a/b:1'],
  ])('%s is %s', (upstream, local) => {
    expect(localReference(upstream)).toBe(local);
  });
});
