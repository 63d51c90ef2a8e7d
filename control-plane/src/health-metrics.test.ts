import { SimClock } from '@flotilla/kit';
import { HealthVerdict, RepairRung } from '@flotilla/proto';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { PrometheusHealth } from './health-metrics.js';

it('numbers what the last look at each cluster found, and forgets clusters that are gone', async () => {
  const clock = new SimClock();
  const registry = new Registry();
  const health = new PrometheusHealth(registry, clock);
  const lines = async () =>
    (await registry.metrics())
      .split('\n')
      .filter((line) => /^flotilla/.test(line))
      .sort();
  const hold = {
    scope: 'pool',
    subject: 'w',
    reason: 'Paused',
    message: '',
    unhealthy: 1,
    total: 3,
    limit: 0,
    sinceMs: 0,
  };
  const verdicts = new Map([
    [HealthVerdict.HEALTHY, 2],
    [HealthVerdict.HOST_GONE, 1],
  ]);
  health.cluster('clu_a', { clusterName: 'demo', verdicts, holds: [hold, hold], running: 1, parked: 0 });
  health.rung(RepairRung.REBOOT, 'Succeeded');
  expect(await lines()).toEqual([
    'flotilla_holds{cluster="demo",scope="pool",reason="Paused"} 2',
    'flotilla_nodes_by_verdict{cluster="demo",verdict="HEALTHY"} 2',
    'flotilla_nodes_by_verdict{cluster="demo",verdict="HOST_GONE"} 1',
    'flotilla_repair_rungs_total{rung="REBOOT",outcome="Succeeded"} 1',
    'flotilla_repairs{cluster="demo",state="parked"} 0',
    'flotilla_repairs{cluster="demo",state="running"} 1',
  ]);
  // A verdict that nobody has any more is not shown as it was.
  health.cluster('clu_a', { clusterName: 'demo', verdicts: new Map(), holds: [], running: 0, parked: 0 });
  expect((await lines()).filter((line) => /verdict|holds/.test(line))).toEqual([]);
  await clock.advance(301_000);
  expect(await lines()).toEqual(['flotilla_repair_rungs_total{rung="REBOOT",outcome="Succeeded"} 1']);
});
