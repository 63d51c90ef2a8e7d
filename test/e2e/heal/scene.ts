import { HealthVerdict, NodePoolSpec, RepairRung, RepairState, type HealthPolicy, type Node } from '@flotilla/proto';
import type { Server } from '../../testbed/index.js';
import { nodeOf, project, seconds } from '../ground/fleet.js';
import type { Ground } from '../ground/ground.js';
import { until } from '../support.js';

export const cluster = 'heal';
export const pool = 'work';

/** Seconds instead of minutes, so that a fault is answered while somebody looks. */
export const quick: Partial<HealthPolicy> = {
  kubeletUnhealthyTimeout: seconds(10),
  runtimeUnhealthyTimeout: seconds(10),
  readonlyFilesystemTimeout: seconds(10),
  diskPressureTimeout: seconds(15),
  readyFalseTimeout: seconds(30),
  minHealthyTime: seconds(10),
  maxUnhealthy: '100%',
};

export async function setHealth({ api }: Ground, health: Partial<HealthPolicy>): Promise<void> {
  const spec = NodePoolSpec.create({ health });
  await api.pools.updateNodePool({ project, cluster, nodePool: pool, spec, updateMask: ['health'] });
}

/** Resolves when the ladder has made the node healthy; gives the rungs it took, in order. */
export async function repaired(ground: Ground, name: string, timeoutMs = 240_000): Promise<string[]> {
  let last: Node | undefined;
  try {
    const node = await until(
      `${name} is repaired`,
      timeoutMs,
      async () => {
        last = await nodeOf(ground, cluster, name);
        const { verdict, repair } = last.status?.health ?? {};
        return verdict === HealthVerdict.HEALTHY && repair?.state === RepairState.SUCCEEDED ? last : undefined;
      },
      1000,
    );
    return rungsOf(node);
  } catch (error) {
    throw new Error(`${String(error)}\n${JSON.stringify(last?.status?.health, undefined, 1)}`);
  }
}

function rungsOf(node: Node): string[] {
  const { history = [], rung } = node.status?.health?.repair ?? {};
  const taken = history.filter(({ outcome }) => outcome !== 'NotAllowed' && outcome !== 'NotAvailable');
  return [...new Set([...taken.map((each) => each.rung), rung])].flatMap((each) =>
    each === undefined ? [] : [RepairRung[each] ?? String(each)],
  );
}

/** Resolves when the node has this verdict. */
export async function judged(ground: Ground, name: string, verdict: HealthVerdict, timeoutMs = 180_000): Promise<Node> {
  return until(
    `${name} is ${HealthVerdict[verdict]}`,
    timeoutMs,
    async () => {
      const node = await nodeOf(ground, cluster, name);
      return node.status?.health?.verdict === verdict ? node : undefined;
    },
    500,
  );
}

/** What must not change on a host that nobody touches: its boot, and the kubelet's and the runtime's processes. */
export async function pulse(server: Server): Promise<string> {
  const pids = await server.execOk(['systemctl', 'show', '--property=MainPID', 'kubelet', 'containerd']);
  return `${await server.bootId()} ${pids.trim().split(/\s+/).join(' ')}`;
}

export const sleepMs = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
