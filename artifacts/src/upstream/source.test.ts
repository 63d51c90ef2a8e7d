import { readFile, writeFile } from 'node:fs/promises';
import { seededRandom, systemClock, type Clock } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { kubernetesVersion } from '../catalog.js';
import { digestOf, filesFor } from '../manifest.js';
import { openMirror, type Mirror } from '../mirror.js';
import type { ArtifactProgress } from '../source.js';
import { readTar } from '../adapters/tar.js';
import { containing, neverAborted, sha256Of, temporaryDir } from '../test-support/builders.js';
import { FakeUpstream } from '../test-support/fake-upstream.js';
import { UpstreamSource } from './source.js';

const version = kubernetesVersion('v1.34.4');
const clock: Clock = { now: () => systemClock.now(), sleep: () => Promise.resolve() };
const etcdManifest = '/v2/etcd/manifests/3.6.5-0';

interface Scene {
  readonly fake: FakeUpstream;
  readonly mirror: Mirror;
  readonly source: UpstreamSource;
  readonly sync: (refresh?: boolean) => ReturnType<Mirror['sync']>;
}

async function aScene(): Promise<Scene> {
  const fake = await FakeUpstream.start();
  await fake.serveVersion(version, 'amd64');
  const mirror = openMirror(await temporaryDir(), { clock });
  const source = new UpstreamSource({ clock, random: seededRandom(1), bases: fake.bases });
  return {
    fake,
    mirror,
    source,
    sync: (refresh = false) => mirror.sync('v1.34.4', 'amd64', source, { signal: neverAborted, refresh }),
  };
}

async function namesIn(path: string): Promise<string[]> {
  const names: string[] = [];
  await readTar(path, ({ name }) => {
    names.push(name);
    return Promise.resolve();
  });
  return names;
}

describe('UpstreamSource', () => {
  it('gives every program and image of a version, unpacked and verified', async () => {
    const { mirror, sync } = await aScene();
    const manifest = await sync();
    const artifacts = manifest.arch.amd64;
    expect(artifacts?.origin).toBe('upstream');
    expect(artifacts?.components).toEqual(version.components);
    const names = artifacts ? filesFor(artifacts, 'worker').map(({ name }) => name) : [];
    expect(names).toEqual([
      ...['bandwidth', 'bridge', 'containerd', 'containerd-shim-runc-v2', 'crictl', 'ctr', 'firewall', 'host-local'],
      ...['kubeadm', 'kubectl', 'kubelet', 'loopback', 'portmap', 'ptp', 'runc'],
      ...['image-coredns', 'image-flannel', 'image-kube-proxy', 'image-pause'],
    ]);
    const ctr = await mirror.open('v1.34.4', 'amd64', 'ctr');
    expect(await readFile(ctr.path, 'utf8')).toBe('contents of bin/ctr');
    expect(await mirror.verify({ signal: neverAborted })).toEqual([]);
  });

  it('writes images as archives that name the image and hold its blobs', async () => {
    const { mirror, sync } = await aScene();
    await sync();
    const { file, path } = await mirror.open('v1.34.4', 'amd64', 'image-etcd');
    expect(file).toMatchObject({ image: 'registry.k8s.io/etcd:3.6.5-0', format: 'oci-archive', version: '3.6.5-0' });
    const layer = sha256Of('layer of registry.k8s.io/etcd:3.6.5-0 for amd64');
    expect(await namesIn(path)).toEqual(expect.arrayContaining(['oci-layout', 'index.json', `blobs/sha256/${layer}`]));
    expect(await readFile(path, 'utf8')).toContain('"io.containerd.image.name":"registry.k8s.io/etcd:3.6.5-0"');
  });

  it('gives the same files again, and fetches no contents twice', async () => {
    const { fake, sync } = await aScene();
    const first = digestOf(await sync());
    fake.requests.length = 0;
    expect(digestOf(await sync(true))).toBe(first);
    const contents = fake.requests
      .map(({ path }) => path)
      .filter((path) => !/\.sha256(sum)?$|\/manifests\//.test(path));
    expect(contents).toEqual([]);
  });

  it('repairs a file that was damaged on the disk when asked to fetch again', async () => {
    const { mirror, sync } = await aScene();
    await sync();
    const { path, file } = await mirror.open('v1.34.4', 'amd64', 'kubelet');
    await writeFile(path, 'x'.repeat(file.sizeBytes));
    expect(await mirror.verify({ signal: neverAborted })).toHaveLength(1);
    await sync(true);
    expect(await mirror.verify({ signal: neverAborted })).toEqual([]);
  });

  it('says who asks for a login', async () => {
    const { fake, sync } = await aScene();
    fake.faults.set('/release/v1.34.4/bin/linux/amd64/kubelet.sha256', [{ status: 401 }]);
    await expect(sync()).rejects.toMatchObject({ code: 'ARTIFACT_REFUSED', remedy: containing('login') });
  });

  it('goes on after a failure with what is missing', async () => {
    const { fake, mirror, sync } = await aScene();
    fake.faults.set(etcdManifest, [{ status: 403 }]);
    await expect(sync()).rejects.toMatchObject({ code: 'ARTIFACT_REFUSED' });
    expect(await mirror.list()).toEqual([]);
    const kubelet = '/release/v1.34.4/bin/linux/amd64/kubelet';
    await sync();
    expect(fake.count(kubelet)).toBe(1);
    expect(await mirror.list()).toHaveLength(1);
  });

  it('resumes a layer that was cut', async () => {
    const { fake, mirror, source } = await aScene();
    const [layer = ''] = fake.serveImage('registry.k8s.io/pause:3.10.1', ['amd64', 'arm64']);
    let cut: () => void = () => undefined;
    fake.faults.set(layer, [{ cutAfterBytes: 10, when: new Promise((resolve) => (cut = resolve)) }]);
    const progress = ({ name, doneBytes }: ArtifactProgress): void => {
      if (name.startsWith('pause ') && doneBytes === 10) cut();
    };
    await mirror.sync('v1.34.4', 'amd64', source, { signal: neverAborted, progress });
    expect(fake.requests.filter(({ path }) => path === layer).map(({ range }) => range)).toEqual([
      undefined,
      'bytes=10-',
    ]);
  });

  it('gets the token that a registry gives to everybody', async () => {
    const { fake, sync } = await aScene();
    fake.token = 'public';
    await expect(sync()).resolves.toMatchObject({ kubernetesVersion: 'v1.34.4' });
    expect(fake.count('/token')).toBeGreaterThan(0);
  });

  it.each([
    ['a program that is not what its checksum says', '/release/v1.34.4/bin/linux/amd64/kubelet', 'other'],
    ['a checksum file that is a page', '/release/v1.34.4/bin/linux/amd64/kubelet.sha256', '<html>'],
    ['an image manifest that is a page', etcdManifest, '<html>'],
  ])('refuses %s', async (_what, path, body) => {
    const { fake, mirror, sync } = await aScene();
    fake.faults.set(path, [{ body }]);
    await expect(sync()).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
    expect(await mirror.list()).toEqual([]);
  });

  it('refuses a manifest whose digest is not the one asked for', async () => {
    const { fake, sync } = await aScene();
    await sync();
    const asked = fake.requests.find(({ path }) => path.startsWith('/v2/pause/manifests/sha256:'))?.path ?? '';
    fake.faults.set(asked, [{ body: '{"schemaVersion":2}' }]);
    await expect(sync(true)).rejects.toMatchObject({
      code: 'ARTIFACT_CORRUPT',
      message: containing('digest'),
    });
  });

  it('says when an image is not published for the architecture', async () => {
    const { fake, sync } = await aScene();
    fake.serveImage('registry.k8s.io/pause:3.10.1', ['arm64']);
    await expect(sync()).rejects.toMatchObject({ code: 'ARCHITECTURE_UNSUPPORTED' });
  });

  it('says when an archive lacks a program', async () => {
    const { fake, sync } = await aScene();
    const path = '/kubernetes-sigs/cri-tools/releases/download/v1.34.0/crictl-v1.34.0-linux-amd64.tar.gz';
    const cni = '/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-amd64-v1.9.1.tgz';
    const body = await (await fetch(`${fake.base}${cni}`)).arrayBuffer();
    fake.serve(path, Buffer.from(body));
    fake.serve(`${path}.sha256`, sha256Of(Buffer.from(body)));
    await expect(sync()).rejects.toMatchObject({
      code: 'ARTIFACT_CORRUPT',
      message: containing('crictl'),
    });
  });
});
