import type { Task } from '@flotilla/kit';
import type { TargetPush } from '@flotilla/proto';
import type { KubeClient } from '@flotilla/kube';

/** The deciding part of the server, as the doors see it. */
export interface Engine {
  /** Give them to `runTasks`: the loop, the watches of the clusters. */
  readonly tasks: readonly Task[];

  /**
   * "Look at this again now", for facts that do not go through the store: `machine:<id>` when its session changed or its
   * probes flipped, `mirror` when artifacts arrived. Commits wake what they touch by themselves. Cheap, coalesced.
   */
  wake(key: `${'machine' | 'cluster' | 'pool' | 'node' | 'health' | 'project'}:${string}` | 'mirror'): void;

  /**
   * What to send to this machine now: its newest target stamped with our epoch, and the secrets it needs at this moment.
   * undefined when no target was written yet. Ask again on `Dispatch.wake` and at each Hello; send until the agent has
   * acknowledged (epoch, generation), and once more whenever the secrets differ. Secrets are never logged or stored.
   */
  pushFor(machineId: string): Promise<TargetPush | undefined>;

  /** A client of the cluster's API server; undefined until it has been reached with our certificate. */
  clusterClient(clusterId: string): KubeClient | undefined;

  /** What the engine thinks of each cluster's API server, for health pages and metrics. */
  clusterLinks(): readonly ClusterLinkInfo[];

  /** Resolves when nothing waits and nothing runs. For tests and orderly stops. */
  idle(): Promise<void>;
}

export interface ClusterLinkInfo {
  readonly clusterId: string;
  readonly reachable: boolean;
  /** Empty when reachable. */
  readonly problem: string;
  readonly nodesSeen: number;
}
