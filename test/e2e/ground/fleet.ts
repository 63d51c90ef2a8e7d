import {
  ClusterState,
  MachineState,
  NodeState,
  type Cluster,
  type Event,
  type Machine,
  type Node,
} from '@flotilla/proto';
import { ClusterSpec, Cni, ControlPlaneKind, NodePoolSpec, type HealthPolicy } from '@flotilla/proto';
import { until } from '../support.js';
import { version, type Ground } from './ground.js';

export const project = 'default';
const list = { pageSize: 500, pageToken: '', filter: '', orderBy: '' };

export const seconds = (count: number): { seconds: bigint; nanos: number } => ({ seconds: BigInt(count), nanos: 0 });

export interface ClusterWish {
  readonly name: string;
  readonly replicas?: 1 | 3;
  readonly endpoint?: string;
}

/** Asks for a cluster; its control plane is claimed from the spares. */
export async function makeCluster({ api }: Ground, wish: ClusterWish): Promise<void> {
  const spec = ClusterSpec.create({
    controlPlaneKind: ControlPlaneKind.SELF_PROVISIONED,
    kubernetesVersion: version,
    cni: Cni.FLANNEL,
    endpoint: wish.endpoint ?? '',
  });
  await api.clusters.createCluster({ project, name: wish.name, spec, controlPlaneReplicas: wish.replicas ?? 1 });
}

export interface PoolWish {
  readonly cluster: string;
  readonly name: string;
  readonly size: number;
  readonly version?: string;
  readonly health?: Partial<HealthPolicy>;
}

export async function makePool({ api }: Ground, wish: PoolWish): Promise<void> {
  const spec = NodePoolSpec.create({
    size: wish.size,
    template: { kubernetesVersion: wish.version ?? '' },
    health: wish.health,
  });
  await api.pools.createNodePool({ project, cluster: wish.cluster, name: wish.name, spec });
}

export async function scale({ api }: Ground, cluster: string, nodePool: string, size: number): Promise<void> {
  const spec = NodePoolSpec.create({ size });
  await api.pools.updateNodePool({ project, cluster, nodePool, spec, updateMask: ['size'] });
}

/** Nodes of a cluster that have not left. */
export async function nodesOf({ api }: Ground, cluster: string, pool = ''): Promise<Node[]> {
  return (await api.nodes.listNodes({ project, cluster, nodePool: pool, options: list })).nodes;
}

export async function machinesOf({ api }: Ground): Promise<Machine[]> {
  return (await api.machines.listMachines({ project, options: list })).machines;
}

export async function machineOf({ api }: Ground, machine: string): Promise<Machine> {
  const answer = await api.machines.getMachine({ project, machine });
  if (answer.machine === undefined) throw new Error(`no machine ${machine}`);
  return answer.machine;
}

export async function nodeOf({ api }: Ground, cluster: string, node: string): Promise<Node> {
  const answer = await api.nodes.getNode({ project, cluster, node });
  if (answer.node === undefined) throw new Error(`no node ${node}`);
  return answer.node;
}

export async function clusterOf({ api }: Ground, cluster: string): Promise<Cluster> {
  const answer = await api.clusters.getCluster({ project, cluster });
  if (answer.cluster === undefined) throw new Error(`no cluster ${cluster}`);
  return answer.cluster;
}

export const nameOf = (thing: { readonly meta?: { readonly name: string } | undefined }): string =>
  thing.meta?.name ?? '';

const inService: ReadonlySet<NodeState | undefined> = new Set([NodeState.RUNNING]);

/** So many nodes of the pool run, and none is on its way; an error shows where the others stand. */
export async function poolRuns(
  ground: Ground,
  cluster: string,
  pool: string,
  size: number,
  timeoutMs = 240_000,
): Promise<Node[]> {
  let last: Node[] = [];
  try {
    return await until(
      `${size} nodes of ${cluster}/${pool} run`,
      timeoutMs,
      async () => {
        last = await nodesOf(ground, cluster, pool);
        return last.length === size && last.every(({ status }) => inService.has(status?.state)) ? last : undefined;
      },
      500,
    );
  } catch (error) {
    throw new Error(`${String(error)}\n${await tellNodes(ground, cluster, last)}`);
  }
}

/** Where each node stands, for the message of a failure. */
async function tellNodes({ api }: Ground, cluster: string, nodes: readonly Node[]): Promise<string> {
  const { nodePools } = await api.pools.listNodePools({ project, cluster, options: list });
  return [
    ...nodePools.map((pool) => `pool ${nameOf(pool)}: ${pool.status?.reason ?? ''}: ${pool.status?.message ?? ''}`),
    ...nodes.map(
      (node) =>
        `${nameOf(node)} ${NodeState[node.status?.state ?? 0]}: ${node.status?.reason ?? ''}: ${node.status?.message ?? ''}`,
    ),
  ].join('\n');
}

export async function clusterRuns(ground: Ground, cluster: string, timeoutMs = 300_000): Promise<Cluster> {
  return until(
    `cluster ${cluster} is provisioned`,
    timeoutMs,
    async () => {
      const found = await clusterOf(ground, cluster);
      return found.status?.state === ClusterState.PROVISIONED ? found : undefined;
    },
    500,
  );
}

/** Everything there is spare and clean, and no cluster is left. */
export async function allSpare(ground: Ground, timeoutMs = 240_000): Promise<Machine[]> {
  let last: Machine[] = [];
  try {
    return await until(
      'every machine is Available',
      timeoutMs,
      async () => {
        last = await machinesOf(ground);
        const { clusters } = await ground.api.clusters.listClusters({ project, options: list });
        const spare = last.every(
          ({ status }) => status?.state === MachineState.AVAILABLE && status.observed?.clean === true,
        );
        return spare && clusters.length === 0 ? last : undefined;
      },
      500,
    );
  } catch (error) {
    const told = last.map(
      (m) => `${nameOf(m)} ${MachineState[m.status?.state ?? 0]} ${m.status?.reason ?? ''}: ${m.status?.message ?? ''}`,
    );
    throw new Error(`${String(error)}\n${told.join('\n')}`);
  }
}

/** Newest revision there is: what comes later is listed by {@link eventsAfter}. */
export async function revision({ api }: Ground): Promise<bigint> {
  return (await api.events.listEvents({ project, options: { ...list, pageSize: 1 } })).revision;
}

export async function eventsAfter({ api }: Ground, after: bigint): Promise<Event[]> {
  const events: Event[] = [];
  let pageToken = '';
  do {
    const page = await api.events.listEvents({ project, options: { ...list, pageToken } });
    events.push(...page.events.filter((event) => event.revision > after));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return events.sort((a, b) => Number(a.revision - b.revision));
}

/** `web1 RestartKubelet`, oldest first: what the ladder did. That it was held back is no act: see {@link holds}. */
export async function remediation(ground: Ground, after: bigint): Promise<string[]> {
  return (await decisions(ground, after)).filter((line) => !isHold(line));
}

/** `web Held`, `web Resumed`: breakers that opened and closed. */
export async function holds(ground: Ground, after: bigint): Promise<string[]> {
  return (await decisions(ground, after)).filter(isHold);
}

/** RepairHeld is a single node's: its ladder ran within the hour, for example. */
const isHold = (line: string): boolean => / (Held|Resumed|RepairHeld)$/.test(line);

async function decisions(ground: Ground, after: bigint): Promise<string[]> {
  const events = await eventsAfter(ground, after);
  return events
    .filter(({ category }) => category === 'Remediation')
    .map(({ resourceName, reason }) => `${resourceName} ${reason}`);
}
