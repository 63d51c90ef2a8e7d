import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { ProgramFailed, type Run } from '../adapters/exec.js';
import { digestOf } from '../manifest.js';
import { openMirror } from '../mirror.js';
import type { ArtifactProgress } from '../source.js';
import { containing, neverAborted, put, temporaryDir } from '../test-support/builders.js';
import { readTar } from '../adapters/tar.js';
import { BuildSource, hostArchitecture } from './source.js';

const arch = hostArchitecture() ?? 'amd64';
const foreign = arch === 'amd64' ? 'arm64' : 'amd64';

interface Scene {
  readonly dir: string;
  readonly programs: string[];
  readonly source: BuildSource;
}

/** Tools that write a file with the name of what they were to make. */
async function aScene(failing?: string): Promise<Scene> {
  const dir = await temporaryDir();
  const module = join(dir, 'module');
  const imports = ['tencentvpc', 'udp'].map((name) => `\t_ "github.com/flannel-io/flannel/pkg/backend/${name}"\n`);
  await put(join(module, 'main.go'), `import (\n${imports.join('')})\n`);
  await put(join(module, 'go.mod'), 'module x\n');
  await put(join(module, 'info'), '{}');
  const tool = await put(join(dir, 'tool'), 'tool', 0o755);
  const programs: string[] = [];
  const fakeRun: Run = async (argv, options) => {
    const [program] = argv;
    const out = argv.indexOf('-o');
    const output = out < 0 ? undefined : argv[out + 1];
    options?.onLine?.(`${program} at work`);
    if (output !== undefined) {
      programs.push(output.split('/').at(-1) ?? '');
      if (output.endsWith(`/${failing ?? ''}`)) throw new ProgramFailed('go', 'exit 1', 'undefined: x');
      await mkdir(join(output, '..'), { recursive: true });
      await writeFile(output, `program ${output.split('/').at(-1) ?? ''}`, { mode: 0o755 });
    }
    if (program === 'readlink') return { stdout: tool };
    if (argv[1] === 'env') return { stdout: 'go1.26.8' };
    const answer = { Dir: module, GoMod: join(module, 'go.mod'), Info: join(module, 'info') };
    return { stdout: argv[2] === 'download' ? JSON.stringify(answer) : '' };
  };
  return {
    dir,
    programs,
    source: new BuildSource({ cacheDir: join(dir, 'cache'), clock: systemClock, run: fakeRun, spaceBytes: 0 }),
  };
}

describe('BuildSource', () => {
  it('gives the programs and images of a version, and builds nothing twice', async () => {
    const { dir, programs, source } = await aScene();
    const seen: ArtifactProgress[] = [];
    const options = { signal: neverAborted, progress: (progress: ArtifactProgress) => void seen.push(progress) };
    const mirror = openMirror(join(dir, 'mirror'), { clock: systemClock });
    const manifest = await mirror.sync('v1.34.4', arch, source, options);
    expect(manifest.arch[arch]).toMatchObject({ origin: 'build', components: { etcd: '3.6.16', coredns: '1.12.1' } });
    expect(manifest.arch[arch]?.components).not.toHaveProperty('crictl');
    expect(await readFile((await mirror.open('v1.34.4', arch, 'kubelet')).path, 'utf8')).toBe('program kubelet');
    expect(seen).toContainEqual({ phase: 'build', name: 'kubernetes 1.34.4', doneBytes: 0, line: 'compiling kubelet' });
    expect(programs).toHaveLength(24);
    const again = await mirror.sync('v1.34.4', arch, source, { ...options, refresh: true });
    expect(programs).toHaveLength(24);
    expect(digestOf(again)).toBe(digestOf(manifest));
    await mirror.sync('v1.35.4', arch, source, options);
    expect(programs.slice(24)).toEqual([
      ...['kubeadm', 'kubelet', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'kubectl'],
      'coredns',
    ]);
  });

  it('puts packet filter tools into the images that need them', async () => {
    const { dir, source } = await aScene();
    const mirror = openMirror(join(dir, 'mirror'), { clock: systemClock });
    await mirror.sync('v1.34.4', arch, source, { signal: neverAborted });
    const names: string[] = [];
    const proxy = await mirror.open('v1.34.4', arch, 'image-kube-proxy');
    await readTar(proxy.path, async ({ name }, content) => {
      if (name !== 'layer.tar') return;
      const layer = join(dir, 'layer.tar');
      const chunks: Uint8Array[] = [];
      for await (const chunk of content) chunks.push(chunk);
      await writeFile(layer, Buffer.concat(chunks));
      await readTar(layer, async (header) => void names.push(header.name));
    });
    expect(names).toEqual(expect.arrayContaining(['usr/local/bin/kube-proxy', 'usr/sbin/nft', 'usr/sbin/iptables']));
  });

  it('goes on after a failure with what is not built yet', async () => {
    const broken = await aScene('coredns');
    const request = { signal: neverAborted };
    const mirror = openMirror(join(broken.dir, 'mirror'), { clock: systemClock });
    await expect(mirror.sync('v1.34.4', arch, broken.source, request)).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: containing('undefined: x'),
    });
    expect(broken.programs).toContain('kubelet');
    const before = broken.programs.length;
    await expect(mirror.sync('v1.34.4', arch, broken.source, request)).rejects.toMatchObject({ code: 'BUILD_FAILED' });
    expect(broken.programs.slice(before)).toEqual(['coredns']);
    expect(await mirror.list()).toEqual([]);
  });

  it('says where to build for another architecture', async () => {
    const { dir, source, programs } = await aScene();
    const mirror = openMirror(join(dir, 'mirror'), { clock: systemClock });
    await expect(mirror.sync('v1.34.4', foreign, source, { signal: neverAborted })).rejects.toMatchObject({
      code: 'ARCHITECTURE_UNSUPPORTED',
      remedy: containing('Build on a machine of that architecture'),
    });
    expect(programs).toEqual([]);
  });

  it('says at once when the disk is too small for a build', async () => {
    const { dir, programs } = await aScene();
    const run: Run = async () => ({ stdout: 'go1.26.8' });
    const source = new BuildSource({ cacheDir: join(dir, 'cache'), clock: systemClock, run, spaceBytes: 2 ** 60 });
    const mirror = openMirror(join(dir, 'mirror'), { clock: systemClock });
    await expect(mirror.sync('v1.34.4', arch, source, { signal: neverAborted })).rejects.toMatchObject({
      code: 'ARTIFACT_DISK_FULL',
      remedy: containing('FLOTILLA_CACHE'),
    });
    expect(programs).toEqual([]);
  });
});
