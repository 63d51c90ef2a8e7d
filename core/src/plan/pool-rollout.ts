import { NodeState, UpdateStrategy } from '@flotilla/proto';
import type { PoolRecord } from '../domain/records.js';
import { updateRules } from '../domain/update-policy.js';
import type { PoolMember } from '../domain/views.js';
import { releaseOrder } from './pool-release.js';

/** How a new revision of the template reaches the nodes. */
export interface Rollout {
  /** Nodes that may take the newest revision now. */
  readonly moves: readonly PoolMember[];
  /** Nodes that have not been told of the newest settings yet. */
  readonly outdated: readonly PoolMember[];
  /** Nodes that were told and have not been seen Ready with them yet. */
  readonly inFlight: readonly PoolMember[];
  /** Nodes on which the settings could not be made. */
  readonly parked: readonly PoolMember[];
}

/** Moves of one look; the rest follow in the next. */
export const rolloutsMax = 50;

/**
 * Labels and taints reach every node at once. Kubelet settings reach at most maxUnavailable nodes at a time, counted until
 * they are seen Ready with them; so a revision that breaks a node stops there. In place never becomes replace by itself.
 */
export function planRollout(pool: PoolRecord, active: readonly PoolMember[]): Rollout {
  const { rolloutRevision, templateRevision } = pool;
  const outdated = active.filter((m) => m.templateRevision < rolloutRevision);
  const told = active.filter((m) => m.templateRevision >= rolloutRevision);
  const parked = told.filter((m) => m.updateParked && m.observedTemplateRevision < rolloutRevision);
  const inFlight = rolloutRevision > 1 ? told.filter((m) => isRunning(m) && !hasSettings(m, rolloutRevision)) : [];
  const relabelled = told.filter((m) => m.templateRevision < templateRevision);
  // One that has not been Ready yet serves nobody: it takes the newest at once.
  const young = outdated.filter((m) => !isRunning(m));
  const rules = updateRules(pool.spec, active.length);
  const inPlace = rules.strategy !== UpdateStrategy.REPLACE;
  const budget = inPlace ? Math.max(0, Math.max(1, rules.maxUnavailable) - inFlight.length) : 0;
  const marked = (m: PoolMember): boolean => m.replace !== undefined;
  const next = releaseOrder(outdated.filter((m) => isRunning(m) && !marked(m))).slice(0, budget);
  return { moves: [...relabelled, ...young, ...next].slice(0, rolloutsMax), outdated, inFlight, parked };
}

/** Seen on the host, and the kubelet is Ready with them. */
export const hasSettings = (member: PoolMember, revision: number): boolean =>
  member.observedTemplateRevision >= revision && member.ready;

const isRunning = (m: PoolMember): boolean =>
  m.state === NodeState.RUNNING || m.state === NodeState.RUNNING_SCHEDULING_DISABLED;
