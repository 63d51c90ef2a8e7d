import type { HoldRecord } from '@flotilla/core';
import type { HealthVerdict, RepairRung } from '@flotilla/proto';

/** Where the numbers of health go; the control plane exports them as Prometheus metrics. Must be quick and never throw. */
export interface HealthMetrics {
  /** Nodes of a cluster by verdict, and what holds repair there; after every look. */
  cluster(clusterId: string, facts: ClusterHealthFacts): void;
  /** A rung ended, or was passed over. */
  rung(rung: RepairRung, outcome: string): void;
}

export interface ClusterHealthFacts {
  readonly clusterName: string;
  readonly verdicts: ReadonlyMap<HealthVerdict, number>;
  readonly holds: readonly HoldRecord[];
  /** Runs under way, and those that wait for a person. */
  readonly running: number;
  readonly parked: number;
}

export const noHealthMetrics: HealthMetrics = { cluster: () => undefined, rung: () => undefined };

/** What the control plane exports of it; `alerts.yaml` asks for these. */
export const healthMetricNames = [
  'flotilla_nodes_by_verdict',
  'flotilla_holds',
  'flotilla_repairs',
  'flotilla_repair_rungs_total',
] as const;
