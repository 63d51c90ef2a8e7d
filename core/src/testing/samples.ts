import {
  ClusterSpec,
  EventSeverity,
  HealthPolicy,
  MachineFacts,
  NodePoolRole,
  NodePoolSpec,
  NodeTemplate,
  type NodeState,
  MachineSelector,
  UpdatePolicy,
} from '@flotilla/proto';
import { completeClusterSpec } from '../domain/cluster-spec.js';
import { completePoolSpec } from '../domain/pool-spec.js';
import type { NodeStatusRecord } from '../domain/records.js';
import { durationOf } from '../domain/durations.js';
import type { NewCluster, NewEvent, NewMachine, NewNode, NewPool } from '../store/change.js';

export const sampleVersion = 'v1.34.4';
export const sampleCatalogue = [{ version: sampleVersion, availableForNewClusters: true }];

export function someFacts(name: string, over: Partial<MachineFacts> = {}): MachineFacts {
  return MachineFacts.create({
    hostname: name,
    osId: 'debian',
    arch: 'amd64',
    cpus: 4,
    memoryBytes: 8n * 1024n ** 3n,
    diskBytes: 100n * 1024n ** 3n,
    nodeAddress: '10.0.0.10',
    interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', addresses: ['10.0.0.10'], mtu: 1500 }],
    ...over,
  });
}

export function someMachine(projectId: string, id: string, over: Partial<NewMachine> = {}): NewMachine {
  const name = over.name ?? id.replace('mch_', 'host-');
  return {
    id,
    projectId,
    name,
    labels: {},
    location: undefined,
    wantedPoolId: '',
    tokenId: 'tok_sample',
    identityKeySha256: `sha-${id}`,
    identityKey: new Uint8Array([1, 2, 3]),
    installId: `install-${id}`,
    facts: someFacts(name),
    remoteAddress: '192.0.2.1',
    ...over,
  };
}

export function someCluster(projectId: string, id: string, over: Partial<NewCluster> = {}): NewCluster {
  const spec = completeClusterSpec(ClusterSpec.create(), { catalogue: sampleCatalogue, controlPlaneReplicas: 1 }).value;
  return { id, projectId, name: id.replace('clu_', ''), labels: {}, spec, ...over };
}

export interface PoolWish {
  readonly name?: string;
  readonly role?: NodePoolRole;
  readonly size?: number;
  readonly selector?: Partial<MachineSelector>;
  readonly template?: Partial<NodeTemplate>;
  readonly update?: Partial<UpdatePolicy>;
  readonly health?: Partial<HealthPolicy>;
  readonly drainTimeoutMs?: number;
}

export function somePool(cluster: NewCluster, id: string, wish: PoolWish = {}): NewPool {
  const { role = NodePoolRole.WORKER, size, selector, template, name = id.replace('pol_', '') } = wish;
  const given = NodePoolSpec.create({
    role,
    ...(size === undefined ? {} : { size }),
    selector: MachineSelector.create(selector),
    template: NodeTemplate.create(template),
    ...(wish.update === undefined ? {} : { update: UpdatePolicy.create(wish.update) }),
    ...(wish.health === undefined ? {} : { health: HealthPolicy.create(wish.health) }),
    ...(wish.drainTimeoutMs === undefined ? {} : { drainTimeout: durationOf(wish.drainTimeoutMs) }),
  });
  return {
    id,
    projectId: cluster.projectId,
    clusterId: cluster.id,
    clusterName: cluster.name,
    name,
    labels: {},
    spec: completePoolSpec(given, { catalogue: sampleCatalogue, cluster: cluster.spec }).value,
    templateRevision: 1,
  };
}

export function someNode(pool: NewPool, machine: NewMachine, id: string): NewNode {
  return {
    id,
    projectId: pool.projectId,
    clusterId: pool.clusterId,
    clusterName: pool.clusterName,
    poolId: pool.id,
    poolName: pool.name,
    machineId: machine.id,
    machineName: machine.name,
    role: pool.spec.role,
    templateRevision: pool.templateRevision,
    kubernetesVersion: sampleVersion,
  };
}

export function someNodeStatus(state: NodeState, over: Partial<NodeStatusRecord> = {}): NodeStatusRecord {
  return {
    state,
    reason: 'Sample',
    message: 'A sample.',
    conditions: [],
    phases: [],
    internalAddress: '',
    kubeletVersion: '',
    kubernetesReady: false,
    schedulable: false,
    readyAtMs: undefined,
    registeredAtMs: undefined,
    drainedAtMs: undefined,
    cleanedAtMs: undefined,
    warning: '',
    drain: undefined,
    observedTemplateRevision: 0,
    ...over,
  };
}

export function someEvent(over: Partial<NewEvent> = {}): NewEvent {
  return {
    resourceKind: 'machine',
    resourceId: 'mch_a',
    severity: EventSeverity.NORMAL,
    category: 'Lifecycle',
    reason: 'Sample',
    message: 'Something happened.',
    ...over,
  };
}
