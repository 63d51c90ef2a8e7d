import type { LiveMachine, MachineHealthRecord } from '@flotilla/core';
import { formatDuration, type Instant } from '@flotilla/kit';
import { Condition, ConditionStatus, type Probe } from '@flotilla/proto';
import { isBad, leadsToVerdict } from './findings.js';
import { news, warning, type Note } from './note.js';
import { hearAgent } from './witness.js';

/** Conditions a machine may have; a host that names more is lying about something. */
const conditionsMax = 64;
const recovering = 'Recovering';

export interface ConditionsPlan {
  readonly health: MachineHealthRecord;
  readonly notes: readonly Note[];
  /** Monotonic time at which to look again. */
  readonly recheckAtMs: number | undefined;
}

/**
 * Findings of the probes as conditions. A bad finding counts at once; it clears when the probe itself has succeeded for
 * `minHealthyMs`, never because nothing is heard. While it recovers its transition time says since when.
 */
export function planConditions(input: {
  readonly before: MachineHealthRecord | undefined;
  readonly live: LiveMachine;
  /** The machine is a node: what leads to a verdict has its event there. */
  readonly isNode: boolean;
  readonly minHealthyMs: number;
  readonly now: Instant;
}): ConditionsPlan {
  const { before, live, now, minHealthyMs } = input;
  const agent = hearAgent(live, now);
  const known = before?.conditions ?? [];
  if (agent.state === 'unknown') return { health: { conditions: known }, notes: [], recheckAtMs: agent.changesAtMs };
  const byType = new Map(known.map((condition) => [condition.type, condition]));
  const heard = agent.state === 'fresh';
  const connected = conditionOf(
    { type: 'AgentConnected', status: heard ? ConditionStatus.TRUE : ConditionStatus.FALSE },
    heard ? 'Heard' : 'Silent',
    heard ? '' : `${agent.message}.`,
    byType.get('AgentConnected'),
    now.wallMs,
  );
  // What a silent machine said last stands: silence neither proves nor heals.
  const probes = heard && live.probes.length > 0 ? live.probes.slice(0, conditionsMax) : undefined;
  const findings =
    probes === undefined
      ? known.filter(({ type }) => type !== 'AgentConnected')
      : probes.map((probe) => fromProbe(probe, byType.get(probe.type), minHealthyMs, now.wallMs));
  const conditions = [connected, ...findings];
  // Nothing clears while nothing is heard.
  const clears = probes === undefined ? [] : findings.filter(({ reason }) => reason === recovering);
  const waits = clears.map((condition) => clearsInMs(condition, minHealthyMs, now));
  if (agent.changesAtMs !== undefined) waits.push(agent.changesAtMs - now.monotonicMs);
  return {
    health: { conditions },
    notes: findings.flatMap((after) => noteOf(byType.get(after.type), after, input.isNode)),
    recheckAtMs: waits.length === 0 ? undefined : now.monotonicMs + Math.max(1, Math.min(...waits)),
  };
}

function fromProbe(probe: Probe, before: Condition | undefined, minHealthyMs: number, nowMs: number): Condition {
  const wasBad = before !== undefined && isBad(before);
  if (isBad(probe) || !wasBad) return conditionOf(probe, probe.reason, probe.message, before, nowMs);
  const sinceMs = before.reason === recovering ? (before.lastTransitionTime?.getTime() ?? nowMs) : nowMs;
  if (nowMs - sinceMs >= minHealthyMs) return conditionOf(probe, probe.reason, probe.message, before, nowMs);
  const message = `The probe succeeds again; the condition clears after ${formatDuration(minHealthyMs)} of that.`;
  return conditionOf({ type: probe.type, status: before.status }, recovering, message, before, nowMs);
}

/** The transition time moves with status and with reason. */
function conditionOf(
  { type, status }: Pick<Probe, 'type' | 'status'>,
  reason: string,
  message: string,
  before: Condition | undefined,
  nowMs: number,
): Condition {
  const same = before?.status === status && before.reason === reason;
  return Condition.create({
    type,
    status,
    reason,
    // Numbers in a message change with every look; the first ones are kept.
    message: same ? before.message : message,
    lastTransitionTime: same && before.lastTransitionTime ? before.lastTransitionTime : new Date(nowMs),
  });
}

function clearsInMs({ lastTransitionTime }: Condition, minHealthyMs: number, now: Instant): number {
  return (lastTransitionTime?.getTime() ?? now.wallMs) + minHealthyMs - now.wallMs;
}

function noteOf(before: Condition | undefined, after: Condition, isNode: boolean): Note[] {
  if (isNode && leadsToVerdict(after.type)) return [];
  const [wasBad, nowBad] = [before !== undefined && isBad(before), isBad(after)];
  if (wasBad === nowBad) return [];
  return nowBad
    ? [warning('Health', after.type, after.message)]
    : [news('Health', `${after.type}Cleared`, after.message === '' ? 'It is over.' : `It is over: ${after.message}.`)];
}
