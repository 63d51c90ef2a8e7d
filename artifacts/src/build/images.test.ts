import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { imagesOf, kubernetesVersion } from '../catalog.js';
import type { TarEntry } from '../adapters/tar.js';
import { put, temporaryDir } from '../test-support/builders.js';
import { planImages, type PlannedImage } from './images.js';
import { outputsOf, recipesOf } from './recipes.js';

const version = kubernetesVersion('v1.34.4');
const nft: TarEntry = { type: 'symlink', name: 'usr/sbin/nft', target: 'x' };

async function plan(): Promise<Map<string, PlannedImage>> {
  const dir = await temporaryDir();
  const outputs: Record<string, string> = {};
  for (const recipe of recipesOf(version)) {
    outputs[recipe.component] = join(dir, recipe.component);
    for (const output of outputsOf(recipe)) await put(join(dir, recipe.component, output), output, 0o755);
  }
  return new Map((await planImages(version, 'amd64', outputs, [nft])).map((image) => [image.name, image]));
}

describe('planImages', () => {
  it('plans every image of the version', async () => {
    expect([...(await plan()).values()].map(({ spec }) => spec.image)).toEqual(
      imagesOf(version).map(({ image }) => image),
    );
  });

  it.each([
    ['image-kube-apiserver', '/usr/local/bin/kube-apiserver', ['usr/local/bin/kube-apiserver']],
    ['image-kube-proxy', '/usr/local/bin/kube-proxy', ['usr/local/bin/kube-proxy', 'usr/sbin/nft']],
    ['image-etcd', '/usr/local/bin/etcd', ['usr/local/bin/etcd', 'usr/local/bin/etcdctl', 'usr/local/bin/etcdutl']],
    ['image-coredns', '/coredns', ['coredns']],
    ['image-pause', '/pause', ['pause']],
    ['image-flannel', '/opt/bin/flanneld', ['opt/bin/flanneld', 'usr/sbin/nft']],
  ])('%s has its programs where the manifests of kubeadm and flannel call them', async (name, entrypoint, files) => {
    const image = (await plan()).get(name);
    expect(image?.spec.entrypoint).toEqual([entrypoint]);
    expect(image?.spec.entries.map((entry) => entry.name)).toEqual(files);
  });

  it('refuses to make an image of what was not built', async () => {
    await expect(planImages(version, 'amd64', {}, [])).rejects.toThrow('kubernetes was not built');
  });
});
