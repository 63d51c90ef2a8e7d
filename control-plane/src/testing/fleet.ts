import { newId, systemRandom } from '@flotilla/kit';
import type { Change, NodeRecord, Owner, Store } from '@flotilla/core';
import { MachineFacts, NodePoolRole, NodeState } from '@flotilla/proto';

/** Machines and nodes straight into the store, for tests of what operators do with them. */

async function put(store: Store, owner: Owner, changes: readonly Change[]): Promise<void> {
  await store.commit(changes, { owner, nowMs: Date.now(), actor: 'test' });
}

/** An enrolled machine; its id. */
export async function putMachine(store: Store, name: string, project = 'default'): Promise<string> {
  const id = newId('mch', systemRandom);
  const projectId = (await store.read.project(project))?.id ?? '';
  const machine = {
    id,
    projectId,
    name,
    labels: {},
    location: undefined,
    wantedPoolId: '',
    tokenId: '',
    identityKeySha256: Buffer.from(systemRandom.bytes(32)).toString('hex'),
    identityKey: systemRandom.bytes(32),
    installId: id,
    facts: MachineFacts.create({ hostname: name, arch: 'amd64' }),
    remoteAddress: '10.0.0.1',
  };
  await put(store, 'enroll', [{ kind: 'machine.register', machine }]);
  return id;
}

/** A node of the pool on a new machine, in this state. */
export async function putNode(
  store: Store,
  pool: { readonly cluster: string; readonly name: string },
  name: string,
  state = NodeState.RUNNING,
): Promise<NodeRecord> {
  const machineId = await putMachine(store, name);
  const projectId = (await store.read.project('default'))?.id ?? '';
  const cluster = await store.read.clusterByName(projectId, pool.cluster);
  const record = cluster === undefined ? undefined : await store.read.poolByName(cluster.id, pool.name);
  if (cluster === undefined || record === undefined) throw new Error(`there is no pool ${pool.name}`);
  const id = newId('nod', systemRandom);
  const node = {
    id,
    projectId,
    clusterId: cluster.id,
    clusterName: cluster.name,
    poolId: record.id,
    poolName: record.name,
    machineId,
    machineName: name,
    role: record.spec.role === NodePoolRole.CONTROL_PLANE ? NodePoolRole.CONTROL_PLANE : NodePoolRole.WORKER,
    templateRevision: record.templateRevision,
    kubernetesVersion: cluster.spec.kubernetesVersion,
  };
  await put(store, 'pool', [{ kind: 'node.claim', node }]);
  const claimed = await store.read.node(id);
  if (claimed === undefined) throw new Error('the node was not claimed');
  // The way that the table of states allows.
  for (const step of [NodeState.PROVISIONING, NodeState.PROVISIONED, state])
    await putNodeStatus(store, claimed, { state: step });
  return (await store.read.node(id)) ?? claimed;
}

export async function putNodeStatus(
  store: Store,
  node: NodeRecord,
  over: Partial<NodeRecord['status']>,
  ended = false,
): Promise<void> {
  await put(store, 'node', [{ kind: 'node.status', nodeId: node.id, status: { ...node.status, ...over }, ended }]);
}
