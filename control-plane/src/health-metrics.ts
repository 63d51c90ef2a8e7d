import type { ClusterHealthFacts, HealthMetrics } from '@flotilla/health';
import type { Clock } from '@flotilla/kit';
import { HealthVerdict, RepairRung } from '@flotilla/proto';
import { Counter, Gauge, type Registry } from 'prom-client';

/** Each cluster is looked at every minute at the latest; one that was not for so long is gone. */
const staleMs = 5 * 60_000;

interface Seen {
  readonly facts: ClusterHealthFacts;
  readonly atMs: number;
}

/** Health and its repair as numbers: what the last look at each cluster found, and what was done since the start. */
export class PrometheusHealth implements HealthMetrics {
  readonly #clusters = new Map<string, Seen>();
  readonly #rungs: Counter;

  constructor(
    registry: Registry,
    private readonly clock: Clock,
  ) {
    const registers = [registry];
    this.#rungs = new Counter({
      name: 'flotilla_repair_rungs_total',
      help: 'Rungs of the ladder that ended, by rung and outcome (Succeeded, NotObserved, Interrupted, Failed, …).',
      labelNames: ['rung', 'outcome'],
      registers,
    });
    const gauge = (name: string, help: string, labelNames: string[], fill: (set: Gauge) => void): void => {
      new Gauge({
        name,
        help,
        labelNames,
        registers,
        collect() {
          this.reset();
          fill(this);
        },
      });
    };
    gauge('flotilla_nodes_by_verdict', 'Nodes by what two witnesses say of them.', ['cluster', 'verdict'], (set) => {
      for (const { clusterName: cluster, verdicts } of this.#fresh())
        for (const [verdict, count] of verdicts)
          set.set({ cluster, verdict: HealthVerdict[verdict] ?? 'UNKNOWN' }, count);
    });
    gauge('flotilla_holds', 'Decisions not to act that stand now.', ['cluster', 'scope', 'reason'], (set) => {
      for (const { clusterName: cluster, holds } of this.#fresh())
        for (const { scope, reason } of holds) set.inc({ cluster, scope, reason });
    });
    gauge('flotilla_repairs', 'Runs of the ladder: running, and parked for a person.', ['cluster', 'state'], (set) => {
      for (const { clusterName: cluster, running, parked } of this.#fresh()) {
        set.set({ cluster, state: 'running' }, running);
        set.set({ cluster, state: 'parked' }, parked);
      }
    });
  }

  cluster(clusterId: string, facts: ClusterHealthFacts): void {
    this.#clusters.set(clusterId, { facts, atMs: this.clock.now().monotonicMs });
  }

  rung(rung: RepairRung, outcome: string): void {
    this.#rungs.inc({ rung: RepairRung[rung] ?? 'UNKNOWN', outcome });
  }

  #fresh(): ClusterHealthFacts[] {
    const nowMs = this.clock.now().monotonicMs;
    for (const [id, { atMs }] of this.#clusters) if (nowMs - atMs > staleMs) this.#clusters.delete(id);
    return [...this.#clusters.values()].map(({ facts }) => facts);
  }
}
