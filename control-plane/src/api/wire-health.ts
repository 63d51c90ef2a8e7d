import type { HoldRecord, NodeDrainRecord, NodeHealthRecord, PauseRecord, RepairRecord } from '@flotilla/core';
import { Hold, NodeDrain, NodeHealth, Pause, RepairRun, RepairRungResult } from '@flotilla/proto';
import { toDate } from './wire-meta.js';

/** What is known of health and done about it, as operators see it. */

/** Undefined without a pause, and once it is over: nobody has to end it. */
export function toPause(record: PauseRecord | undefined, nowMs: number): Pause | undefined {
  if (record === undefined || record.untilMs <= nowMs) return undefined;
  return Pause.create({ untilTime: new Date(record.untilMs), reason: record.reason, createdBy: record.by });
}

export function toHold(record: HoldRecord): Hold {
  const { scope, subject, reason, message, unhealthy, total, limit } = record;
  return Hold.create({
    scope,
    subject,
    reason,
    message,
    unhealthy,
    total,
    limit,
    sinceTime: new Date(record.sinceMs),
  });
}

/** Undefined before the first verdict. */
export function toNodeHealth(
  record: NodeHealthRecord | undefined,
  repair: RepairRecord | undefined,
): NodeHealth | undefined {
  if (record === undefined && repair === undefined) return undefined;
  return NodeHealth.create({
    ...(record === undefined
      ? {}
      : {
          verdict: record.verdict,
          reason: record.reason,
          message: record.message,
          sinceTime: new Date(record.sinceMs),
          actTime: toDate(record.actAtMs),
          hold: record.hold,
        }),
    repair: repair === undefined ? undefined : toRepairRun(repair),
  });
}

export function toRepairRun(record: RepairRecord): RepairRun {
  return RepairRun.create({
    id: record.id,
    cause: record.cause,
    rung: record.rung,
    state: record.state,
    message: record.message,
    startTime: new Date(record.startedAtMs),
    rungStartTime: new Date(record.rungStartedAtMs),
    rungDeadlineTime: new Date(record.rungDeadlineAtMs),
    endTime: toDate(record.endedAtMs),
    history: record.history.map((result) =>
      RepairRungResult.create({
        rung: result.rung,
        startTime: new Date(result.startedAtMs),
        endTime: new Date(result.endedAtMs),
        outcome: result.outcome,
        message: result.message,
      }),
    ),
  });
}

export function toNodeDrain(record: NodeDrainRecord | undefined): NodeDrain | undefined {
  if (record === undefined) return undefined;
  return NodeDrain.create({
    podsLeft: record.podsLeft,
    blocked: [...record.blocked],
    startTime: new Date(record.startedAtMs),
    deadlineTime: new Date(record.deadlineAtMs),
    parked: record.parked,
    forced: record.forced,
  });
}
