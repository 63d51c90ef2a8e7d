import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTar } from '../adapters/tar.js';
import { put, sha256Of, temporaryDir } from '../test-support/builders.js';
import { fileEntry, layerEntries, writeDockerArchive, type ImageSpec } from './docker-archive.js';

async function aSpec(dir: string): Promise<ImageSpec> {
  const program = await put(join(dir, 'etcd'), 'program');
  return {
    image: 'registry.k8s.io/etcd:3.6.5-0',
    arch: 'amd64',
    entrypoint: ['/usr/local/bin/etcd'],
    entries: [await fileEntry('usr/local/bin/etcd', program, 0o755)],
  };
}

async function filesOf(path: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  await readTar(path, async ({ name }, content) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    files.set(name, Buffer.concat(chunks));
  });
  return files;
}

describe('writeDockerArchive', () => {
  it('names the image, and names config and layer by what they are', async () => {
    const dir = await temporaryDir();
    await writeDockerArchive(await aSpec(dir), join(dir, 'x.tar'), dir);
    const files = await filesOf(join(dir, 'x.tar'));
    const layer = files.get('layer.tar') ?? Buffer.alloc(0);
    const [configName = ''] = [...files.keys()];
    expect(JSON.parse(String(files.get('manifest.json')))).toEqual([
      { Config: configName, RepoTags: ['registry.k8s.io/etcd:3.6.5-0'], Layers: ['layer.tar'] },
    ]);
    const config = files.get(configName) ?? Buffer.alloc(0);
    expect(configName).toBe(`${sha256Of(config)}.json`);
    expect(JSON.parse(String(config))).toMatchObject({
      architecture: 'amd64',
      os: 'linux',
      config: { Entrypoint: ['/usr/local/bin/etcd'] },
      rootfs: { diff_ids: [`sha256:${sha256Of(layer)}`] },
    });
  });

  it('gives the same bytes each time', async () => {
    const dir = await temporaryDir();
    await writeDockerArchive(await aSpec(dir), join(dir, 'x.tar'), dir);
    await writeDockerArchive(await aSpec(dir), join(dir, 'y.tar'), dir);
    expect(await readFile(join(dir, 'x.tar'))).toEqual(await readFile(join(dir, 'y.tar')));
  });
});

describe('layerEntries', () => {
  it('has every directory once, before what is in it', async () => {
    const spec = await aSpec(await temporaryDir());
    const link = { type: 'symlink', name: 'usr/sbin/iptables', target: 'xtables-nft-multi' } as const;
    expect(layerEntries([link, ...spec.entries]).map(({ name }) => name)).toEqual([
      'tmp/',
      'usr/',
      'usr/local/',
      'usr/local/bin/',
      'usr/sbin/',
      'usr/local/bin/etcd',
      'usr/sbin/iptables',
    ]);
  });

  it('refuses a program that is not there', async () => {
    await expect(fileEntry('x', '/does/not/exist', 0o755)).rejects.toThrow('is not a file');
  });
});
