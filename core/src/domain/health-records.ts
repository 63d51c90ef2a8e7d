import type { Condition, HealthVerdict, RepairRung, RepairState } from '@flotilla/proto';

/** What is known of the health of machines and nodes, and what is done about it. Times are wall milliseconds. */

/** Findings of the agent's probes on one machine, with hysteresis; written on transitions only. */
export interface MachineHealthRecord {
  readonly conditions: readonly Condition[];
}

/** What two witnesses say together about one node; written on transitions only. */
export interface NodeHealthRecord {
  readonly verdict: HealthVerdict;
  /** UpperCamelCase cause; empty when healthy. */
  readonly reason: string;
  /** What was seen, in one sentence with numbers. */
  readonly message: string;
  /** Since when verdict and reason hold. */
  readonly sinceMs: number;
  /** When the ladder starts if nothing changes; undefined when it will not. */
  readonly actAtMs: number | undefined;
  /** What keeps us from acting, in one sentence; empty = nothing does. */
  readonly hold: string;
  /** When it was last seen healthy without a break; undefined while it is not. Flap damping counts from here. */
  readonly healthySinceMs: number | undefined;
  /** Falls from healthy within the last hour, newest last; at most 20. */
  readonly fallsAtMs: readonly number[];
}

/** One run of the remediation ladder on one node; kept as history after it ends. */
export interface RepairRecord {
  /** rep_… */
  readonly id: string;
  readonly version: number;
  readonly projectId: string;
  readonly clusterId: string;
  readonly poolId: string;
  readonly nodeId: string;
  readonly machineId: string;
  readonly cause: string;
  readonly rung: RepairRung;
  /** Tries of the present rung, from 1; part of its nonce (see {@link rungNonce}). */
  readonly attempt: number;
  readonly state: RepairState;
  /** What is done or was decided now, and what is waited for. */
  readonly message: string;
  readonly startedAtMs: number;
  readonly rungStartedAtMs: number;
  readonly rungDeadlineAtMs: number;
  /** Boot id of the machine when the present rung began: a reboot is proven by another one. */
  readonly bootId: string;
  readonly endedAtMs: number | undefined;
  readonly history: readonly RungResultRecord[];
}

export interface RungResultRecord {
  readonly rung: RepairRung;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** Succeeded, NotObserved, Interrupted, Failed, NotAllowed, NotAvailable, Skipped. */
  readonly outcome: string;
  readonly message: string;
}

/** The name of an act: derived from the decision that asks for it, so that planning twice asks once. */
export function rungNonce(repair: Pick<RepairRecord, 'id' | 'rung' | 'attempt'>): string {
  return `${repair.id}/${repair.rung}-${repair.attempt}`;
}

/** A decision not to act, as {@link ScopeHealthRecord} keeps it. */
export interface HoldRecord {
  /** pool, location, cluster, fleet, machine. */
  readonly scope: string;
  readonly subject: string;
  readonly reason: string;
  readonly message: string;
  readonly unhealthy: number;
  readonly total: number;
  readonly limit: number;
  readonly sinceMs: number;
}

/** Breakers of a pool or a cluster; written on transitions only. */
export interface ScopeHealthRecord {
  readonly healthy: number;
  readonly unhealthy: number;
  readonly total: number;
  readonly holds: readonly HoldRecord[];
}

/** No repair until then. */
export interface PauseRecord {
  readonly untilMs: number;
  readonly reason: string;
  readonly by: string;
}
