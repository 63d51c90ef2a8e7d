import {
  applyManifests,
  checkRights,
  diagnoseCni,
  externalClusterFacts,
  type CniName,
  type KubeClient,
  type KubeManifest,
} from '@flotilla/kube';
import { FlotillaError, type Instant } from '@flotilla/kit';
import type { ExternalFacts } from '../plan/external.js';
import type { EnginePorts } from './ports.js';
import type { EngineMemory } from './memory.js';
import { same } from './same.js';

/** Applies what runs in the cluster; a kind that was just defined has to be served before objects of it can be made. */
export async function applyAddons(client: KubeClient, manifests: readonly KubeManifest[]): Promise<void> {
  const progress = await applyManifests(client, manifests);
  if (progress.kind === 'applied') return;
  const message = `the API server does not serve ${progress.kinds.join(', ')} yet`;
  throw new FlotillaError('KINDS_NOT_SERVED', message, { kind: 'unavailable', retry: 'later' });
}

/** Asks an imported cluster what the kubeconfig may do and what nodes need; true when the answer is another one. */
export async function checkExternal(
  client: KubeClient,
  clusterId: string,
  now: Instant,
  memory: EngineMemory,
): Promise<boolean> {
  const [missingRights, found] = await Promise.all([checkRights(client), externalClusterFacts(client, now.wallMs)]);
  const facts: ExternalFacts = {
    missingRights,
    missing: found.missing.map(({ message, remedy }) => ({ message, remedy })),
    endpoint: found.endpoint ?? '',
    caCertHashes: found.caCertHashes,
    version: found.version.gitVersion,
  };
  const changed = !same(memory.external.get(clusterId)?.facts, facts);
  memory.external.set(clusterId, { facts, atMs: now.monotonicMs });
  return changed;
}

/** Looks why nodes wait for the pod network; true when there is something new to say. */
export async function diagnoseNetwork(
  client: KubeClient,
  clusterId: string,
  cni: CniName,
  now: Instant,
  memory: EngineMemory,
): Promise<boolean> {
  const before = memory.networks.get(clusterId);
  const found = await diagnoseCni(client, cni);
  const problems = new Map<string, string>();
  for (const { nodeName, message, remedy } of found.problems) {
    if (!problems.has(nodeName)) problems.set(nodeName, remedy === '' ? message : `${message} ${remedy}`);
  }
  const summary = found.ready ? '' : found.summary;
  memory.networks.set(clusterId, { sinceMs: before?.sinceMs ?? 0, askedMs: now.monotonicMs, summary, problems });
  return before?.summary !== summary || !same([...(before?.problems ?? [])], [...problems]);
}

/** Makes the key with which we will reach the cluster; one that was made meanwhile stays. */
export async function makeKeys(
  { store, clock, keys }: Pick<EnginePorts, 'store' | 'clock' | 'keys'>,
  clusterId: string,
): Promise<void> {
  const made = await keys.create(clusterId);
  const access = { ...made, caCertificate: '', clientCertificate: '', sealedKubeconfig: new Uint8Array() };
  const cluster = await store.read.cluster(clusterId);
  if (cluster === undefined || cluster.access !== undefined) return;
  await store.commit([{ kind: 'cluster.access', clusterId, access }], {
    owner: 'cluster',
    nowMs: clock.now().wallMs,
    actor: 'rule:cluster',
    expect: [{ kind: 'cluster', id: clusterId, version: cluster.version }],
  });
}
