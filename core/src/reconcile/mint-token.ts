import {
  bootstrapTokenManifest,
  bootstrapTokenTtlMsMax,
  formatBootstrapToken,
  newBootstrapToken,
  type KubeClient,
  type KubeManifest,
  type KubeMeta,
} from '@flotilla/kube';
import { bootstrapTokenLabel } from '../plan/bootstrap-token.js';
import type { EffectOf } from './effect.js';
import type { EngineMemory } from './memory.js';
import type { EnginePorts } from './ports.js';

/**
 * Makes a bootstrap token for one machine and remembers it. Older ones of the machine go first: one that we forgot by
 * restarting must not stay valid beside the new one.
 */
export async function mintToken(
  client: KubeClient,
  { machineId, nodeId, nodeName }: EffectOf<'mint-token'>,
  { clock, random }: Pick<EnginePorts, 'clock' | 'random'>,
  memory: EngineMemory,
): Promise<void> {
  memory.tokens.begin(machineId);
  await dropToken(client, machineId);
  const now = clock.now();
  const token = newBootstrapToken(random);
  const description = `Flotilla: ${nodeName} (${machineId}) joins with it.`;
  const manifest = bootstrapTokenManifest(token, { ttlMs: bootstrapTokenTtlMsMax, description }, now);
  const labelled: KubeManifest = {
    ...manifest,
    metadata: { ...manifest.metadata, labels: { [bootstrapTokenLabel]: machineId } },
  };
  await client.create('secrets', labelled);
  memory.tokens.put(machineId, nodeId, formatBootstrapToken(token), now.monotonicMs + bootstrapTokenTtlMsMax);
}

/** Deletes the bootstrap tokens that an earlier process made and forgot: whoever still needs one gets a new one. */
export async function sweepTokens(client: KubeClient, memory: EngineMemory): Promise<void> {
  const secrets = await client.listAll('secrets', { namespace: 'kube-system', labelSelector: bootstrapTokenLabel });
  const forgotten = secrets.filter(({ meta }) => !memory.tokens.knows(meta.labels[bootstrapTokenLabel] ?? ''));
  await Promise.all(forgotten.map(({ meta }) => deleteSecret(client, meta)));
}

/** Deletes every bootstrap token of the machine. */
export async function dropToken(client: KubeClient, machineId: string): Promise<void> {
  const secrets = await client.listAll('secrets', {
    namespace: 'kube-system',
    labelSelector: `${bootstrapTokenLabel}=${machineId}`,
  });
  await Promise.all(secrets.map(({ meta }) => deleteSecret(client, meta)));
}

async function deleteSecret(client: KubeClient, { namespace, name, uid }: KubeMeta): Promise<void> {
  await client.delete('secrets', { namespace, name }, { uid });
}
