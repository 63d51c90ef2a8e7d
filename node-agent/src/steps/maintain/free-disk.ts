import { FlotillaError } from '@flotilla/kit';
import type { Host } from '../../host/host.js';
import { paths } from '../../host/paths.js';
import { lastLine } from '../../host/units.js';

const ctr = [`${paths.programs}/ctr`, '-n', 'k8s.io', '--connect-timeout', '10s'] as const;
const agentVersions = '/opt/flotilla';
const perCallMax = 50;

interface ImageName {
  readonly ref: string;
  /** Names with the same digest are one image. */
  readonly digest: string;
  readonly pinned: boolean;
}

export interface FreeDiskInput {
  readonly host: Host;
  readonly stateDir: string;
  /** Images of the manifest: a node that starts a pod must not have to ask anybody for them. */
  readonly protectedImages: readonly string[];
  /** Kubernetes versions whose programs stay: the one that runs and the one that is wanted. */
  readonly keptVersions: readonly string[];
}

export interface FreedDisk {
  readonly images: readonly string[];
  readonly directories: readonly string[];
  readonly freedBytes: number;
}

/** Frees what can be had again: images no container uses, and our own downloads and old versions. Nothing of anybody else's. */
export async function freeDisk(input: FreeDiskInput): Promise<FreedDisk> {
  const { host } = input;
  const before = (await host.space('/var/lib'))?.freeBytes ?? 0;
  const directories = await removeOwnLeftovers(input);
  const images = await removeUnusedImages(input);
  const after = (await host.space('/var/lib'))?.freeBytes ?? before;
  return { images, directories, freedBytes: Math.max(0, after - before) };
}

async function listed(host: Host, ...words: readonly string[]): Promise<readonly string[]> {
  const result = await host.run([...ctr, ...words], { timeoutMs: 60_000 });
  if (result.exitCode === 0)
    return result.stdout
      .split('\n')
      .slice(1)
      .filter((line) => line.trim() !== '');
  throw new FlotillaError('RUNTIME_FAILED', `containerd: ${lastLine(result.stderr)}`, {
    kind: 'unavailable',
    remedy: 'Look at: journalctl -u containerd -n 50',
  });
}

/** Columns REF, TYPE, DIGEST, SIZE, PLATFORMS, LABELS of `ctr images ls`. */
export function parseImages(lines: readonly string[]): readonly ImageName[] {
  return lines.flatMap((line) => {
    const [ref, digest] = [/^(\S+)/.exec(line)?.[1], /\s(sha256:[0-9a-f]{64})\s/.exec(line)?.[1]];
    if (ref === undefined || digest === undefined) return [];
    return [{ ref, digest, pinned: line.includes('io.cri-containerd.pinned=pinned') }];
  });
}

async function removeUnusedImages({ host, protectedImages }: FreeDiskInput): Promise<readonly string[]> {
  const names = parseImages(await listed(host, 'images', 'ls'));
  // Columns CONTAINER, IMAGE, RUNTIME. Listed after the images: one that came in between is not known, and so not removed.
  const inUse = (await listed(host, 'containers', 'ls')).map((line) => line.trim().split(/\s+/)[1] ?? '');
  const kept = new Set([...protectedImages, ...inUse]);
  const keptDigests = new Set(names.filter(({ ref, pinned }) => pinned || kept.has(ref)).map(({ digest }) => digest));
  const unused = names.filter(({ digest }) => !keptDigests.has(digest)).map(({ ref }) => ref);
  for (let from = 0; from < unused.length; from += perCallMax) {
    const some = unused.slice(from, from + perCallMax);
    const result = await host.run([...ctr, 'images', 'rm', '--sync', ...some], { timeoutMs: 300_000 });
    if (result.exitCode !== 0)
      throw new FlotillaError('RUNTIME_FAILED', `containerd did not remove images: ${lastLine(result.stderr)}`, {
        kind: 'unavailable',
      });
  }
  return unused;
}

async function removeOwnLeftovers({ host, stateDir, keptVersions }: FreeDiskInput): Promise<readonly string[]> {
  const candidates = [
    `${stateDir}/downloads`,
    ...(await oldKubernetes(host, keptVersions)),
    ...(await oldAgents(host)),
  ];
  const removed: string[] = [];
  for (const path of candidates) {
    if (!(await host.exists(path))) continue;
    await host.remove(path);
    removed.push(path);
  }
  return removed;
}

async function oldKubernetes(host: Host, keptVersions: readonly string[]): Promise<readonly string[]> {
  const versions = ((await host.list(paths.kubernetes)) ?? []).filter((name) => /^v\d+\.\d+\.\d+$/.test(name));
  return versions.filter((name) => !keptVersions.includes(name)).map((name) => `${paths.kubernetes}/${name}`);
}

/** All but the version that runs and the newest of the others, which is the way back. */
async function oldAgents(host: Host): Promise<readonly string[]> {
  const current = (await host.readLink(`${agentVersions}/current`))?.split('/').pop();
  if (current === undefined) return [];
  const others: { readonly path: string; readonly modifiedMs: number }[] = [];
  for (const name of (await host.list(agentVersions)) ?? []) {
    const path = `${agentVersions}/${name}`;
    if (!/^\d+\.\d+\.\d+/.test(name) || name === current) continue;
    others.push({ path, modifiedMs: (await host.stat(`${path}/agent.cjs`))?.modifiedMs ?? 0 });
  }
  return others
    .sort((left, right) => right.modifiedMs - left.modifiedMs)
    .slice(1)
    .map(({ path }) => path);
}
