import { RepairRung, RepairState } from '@flotilla/proto';
import type { RungResultRecord } from '../../domain/health-records.js';
import { toRepair } from '../rows.js';
import { builder } from './database.js';
import type { WriteContext } from './write-context.js';

/**
 * A run of the ladder is over with its node: nobody would close it later. A node that leaves at the rung REPLACE is what
 * that rung was for; any other run was cut short.
 */
export function endRepair(nodeId: string, ctx: WriteContext): void {
  const live = builder.selectFrom('repair').selectAll().where('node_id', '=', nodeId).where('ended_at', 'is', null);
  for (const row of ctx.db.all(live)) {
    const { id, rung, rungStartedAtMs, history } = toRepair(row);
    const replaced = rung === RepairRung.REPLACE;
    const message = replaced ? 'The node was released.' : 'The node left the cluster.';
    const outcome = replaced ? 'Succeeded' : 'Interrupted';
    const result: RungResultRecord = { rung, startedAtMs: rungStartedAtMs, endedAtMs: ctx.nowMs, outcome, message };
    // A run that waits for a person has no rung that could end.
    const whole = rung === RepairRung.ASK ? history : [...history, result];
    const query = builder
      .updateTable('repair')
      .set((eb) => ({
        version: eb('version', '+', 1),
        state: replaced ? RepairState.SUCCEEDED : RepairState.CANCELLED,
        message,
        history: JSON.stringify(whole),
        ended_at: ctx.nowMs,
      }))
      .where('id', '=', id)
      .returning('version');
    const version = ctx.db.first(query)?.version;
    if (version !== undefined) ctx.versions[`repair:${id}`] = version;
    ctx.touch('repair', id);
  }
}
