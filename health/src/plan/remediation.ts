import type {
  ClusterHealthView,
  FleetLiveness,
  HealthMember,
  HoldRecord,
  LiveMachine,
  PoolRecord,
  RepairRecord,
  ScopeHealthRecord,
} from '@flotilla/core';
import type { Instant } from '@flotilla/kit';
import { HealthMode, HealthVerdict, NodePoolRole, RepairRung, RepairState, type NonceState } from '@flotilla/proto';
import { counts, tally } from './breakers.js';
import {
  concerns,
  differenceOf,
  isTold,
  isToldOnNode,
  leftAloneReason,
  pausedUntil,
  pauseHold,
  replacementReason,
  sinceOf,
} from './holds.js';
import { stepRun, type RunSight } from './ladder.js';
import { unheard } from './node-health.js';
import { news, warning, type Note } from './note.js';
import { openRun } from './open-run.js';
import { disruptionBudget, rulesOf } from './policy.js';
import { continueRun, type RunChange } from './run-record.js';
import { replaceTriesMax, type ControlPlaneSight, type RungSight } from './rungs.js';
import { apiUnknownToldMs, clusterHolds, poolHolds, replacementHold, replacementsOf } from './scopes.js';

/** What is known now of one member, beside its stored record. Times are monotonic. */
export interface MemberFacts {
  readonly live: LiveMachine;
  /** What is seen at this very moment, without memory. */
  readonly seenNow: HealthVerdict | undefined;
  readonly kubeletReady: boolean;
  readonly volumesAttached: boolean;
  readonly dueAtMs: number | undefined;
  readonly goneSinceMs: number | undefined;
  readonly rungSeenMs: number;
  readonly nonce: NonceState | undefined;
  readonly bootId: string;
}

export interface RemediationInput {
  readonly view: ClusterHealthView;
  /** By node id; a member without facts is left alone. */
  readonly facts: ReadonlyMap<string, MemberFacts>;
  readonly fleet: FleetLiveness;
  /** For how long the API server is not known to answer; 0 = its watches are live. */
  readonly apiUnknownMs: number;
  /** Monotonic end of the grace after this process began to listen. */
  readonly graceEndsAtMs: number;
  /** Spares that fit, by pool id; undefined = the pool is open. */
  readonly spares: ReadonlyMap<string, number | undefined>;
  readonly now: Instant;
  /** A new id for a run. */
  readonly newRunId: () => string;
}

/** One act that was decided, for the audit log. */
export interface Act {
  readonly nodeId: string;
  readonly rung: RepairRung;
  readonly repair: Omit<RepairRecord, 'version'>;
}

export interface RemediationPlan {
  readonly cluster: ScopeHealthRecord;
  readonly pools: ReadonlyMap<string, ScopeHealthRecord>;
  readonly opens: readonly Omit<RepairRecord, 'version'>[];
  readonly updates: readonly RepairRecord[];
  readonly acts: readonly Act[];
  readonly notes: readonly { readonly kind: 'node' | 'pool' | 'cluster'; readonly id: string; readonly note: Note }[];
  /** Monotonic time at which to look again when nothing else makes us. */
  readonly recheckAtMs: number | undefined;
}

/** One decision for a whole cluster: the breakers first, then the runs under way, then those that begin. */
export function planRemediation(input: RemediationInput): RemediationPlan {
  const { view, facts, now } = input;
  const live = new Map(
    view.members.flatMap((m) => [[m.machineId, facts.get(m.nodeId)?.live] as const]).filter(hasLive),
  );
  const draft = new Draft(input, clusterHolds({ ...input, live }));
  const byAge = [...view.members].sort((a, b) => ageOf(a) - ageOf(b) || (a.nodeId < b.nodeId ? -1 : 1));
  for (const member of byAge) if (member.repair !== undefined) draft.step(member, member.repair);
  for (const member of byAge) if (member.repair === undefined) draft.open(member);
  return draft.finish(now.wallMs);
}

const hasLive = (entry: readonly [string, LiveMachine | undefined]): entry is readonly [string, LiveMachine] =>
  entry[1] !== undefined;
const ageOf = (member: HealthMember): number => member.repair?.startedAtMs ?? member.health?.sinceMs ?? 0;

/** Holds of single machines that a pool's record has room for. */
const machineHoldsMax = 50;

const onlyObserved = ({ rules }: RungSight): string =>
  rules.mode === HealthMode.OBSERVE ? 'The pool only observes now.' : '';

/** Keeps count while the members are gone through, so that what was decided for one counts for the next. */
class Draft {
  readonly #input: RemediationInput;
  readonly #clusterHolds: readonly HoldRecord[];
  readonly #poolHolds = new Map<string, HoldRecord[]>();
  readonly #pools: ReadonlyMap<string, PoolRecord>;
  readonly #byPool = new Map<string, HealthMember[]>();
  /** Nodes that a run works on. */
  readonly #working: Set<string>;
  readonly #opens: Omit<RepairRecord, 'version'>[] = [];
  readonly #updates: RepairRecord[] = [];
  readonly #acts: Act[] = [];
  readonly #notes: RemediationPlan['notes'][number][] = [];
  #recheckAtMs = Number.POSITIVE_INFINITY;

  constructor(input: RemediationInput, holds: readonly HoldRecord[]) {
    const { view, now } = input;
    this.#input = input;
    this.#clusterHolds = holds;
    this.#pools = new Map(view.pools.map((pool) => [pool.id, pool]));
    for (const pool of view.pools) this.#byPool.set(pool.id, []);
    for (const member of view.members) this.#byPool.get(member.poolId)?.push(member);
    if (input.apiUnknownMs > 0) this.#look(now.monotonicMs + apiUnknownToldMs - input.apiUnknownMs);
    for (const pool of view.pools) this.#poolHolds.set(pool.id, poolHolds(pool, this.#membersOf(pool.id), now));
    const running = view.members.filter(({ repair }) => repair?.state === RepairState.RUNNING);
    this.#working = new Set(running.map(({ nodeId }) => nodeId));
  }

  /** A run that is under way. */
  step(member: HealthMember, repair: RepairRecord): void {
    const sight = this.#sightOf(member);
    if (sight === undefined) return;
    const facts = this.#input.facts.get(member.nodeId);
    const run: RunSight = {
      ...sight,
      ...{ repair, member, held: this.#heldBy(member), leftAlone: this.#leftAlone(member) || onlyObserved(sight) },
      health: member.health ?? unheard(this.#input.now.wallMs),
      seenNow: facts?.seenNow,
      dueAtMs: facts?.dueAtMs,
      rungSeenMs: facts?.rungSeenMs ?? sight.nowMs,
      nonce: facts?.nonce,
      bootId: facts?.bootId ?? '',
    };
    const step = stepRun(run);
    if (step.kind === 'wait') this.#look(step.checkAtMs);
    const change = continueRun(repair, step, run);
    if (change.repair.state !== RepairState.RUNNING) this.#working.delete(member.nodeId);
    if (change.changed) this.#updates.push(change.repair);
    this.#record(member, change);
  }

  /** A node without a run: whether one begins. */
  open(member: HealthMember): void {
    const facts = this.#input.facts.get(member.nodeId);
    if (facts === undefined || !counts(member) || this.#leftAlone(member) !== '' || this.#heldBy(member) !== '') return;
    const sight = this.#sightOf(member);
    if (sight === undefined) return;
    const opening = openRun({
      sight,
      ...{ member, seenNow: facts.seenNow, dueAtMs: facts.dueAtMs, bootId: facts.bootId },
      running: this.#membersOf(member.poolId).filter(({ nodeId }) => this.#working.has(nodeId)).length,
      cluster: this.#input.view.cluster,
      newRunId: this.#input.newRunId,
    });
    if (opening.kind === 'wait') this.#look(opening.checkAtMs);
    const machineHolds = (this.#poolHolds.get(member.poolId) ?? []).filter(({ scope }) => scope === 'machine').length;
    if (opening.kind === 'hold' && machineHolds < machineHoldsMax) {
      const known = this.#pools.get(member.poolId)?.health;
      this.#poolHolds.get(member.poolId)?.push(...sinceOf([opening.hold], known, this.#input.now.wallMs));
    }
    if (opening.kind !== 'open') return;
    this.#opens.push(opening.change.repair);
    if (opening.change.repair.state === RepairState.RUNNING) this.#working.add(member.nodeId);
    this.#record(member, opening.change);
  }

  finish(nowWallMs: number): RemediationPlan {
    const { cluster, pools, members } = this.#input.view;
    const scope = (of: readonly HealthMember[], holds: readonly HoldRecord[]): ScopeHealthRecord => ({
      ...tally(of),
      holds,
    });
    this.#tell('cluster', cluster.id, cluster.health?.holds ?? [], this.#clusterHolds);
    const poolRecords = new Map<string, ScopeHealthRecord>();
    for (const pool of pools) {
      const holds = this.#poolHolds.get(pool.id) ?? [];
      this.#tell('pool', pool.id, pool.health?.holds ?? [], holds);
      this.#tellNodes(pool.health?.holds ?? [], holds, this.#membersOf(pool.id));
      poolRecords.set(pool.id, scope(this.#membersOf(pool.id), holds));
    }
    const pauses = [cluster, ...pools, ...members].flatMap(({ pause }) => (pause === undefined ? [] : [pause.untilMs]));
    for (const untilMs of pauses)
      if (untilMs > nowWallMs) this.#look(this.#input.now.monotonicMs + untilMs - nowWallMs);
    return {
      cluster: scope(members, this.#clusterHolds),
      pools: poolRecords,
      ...{ opens: this.#opens, updates: this.#updates, acts: this.#acts, notes: this.#notes },
      recheckAtMs: Number.isFinite(this.#recheckAtMs) ? this.#recheckAtMs : undefined,
    };
  }

  #record(member: HealthMember, { repair, began, note }: RunChange): void {
    if (note !== undefined) this.#notes.push({ kind: 'node', id: member.nodeId, note });
    if (!began) return;
    this.#acts.push({ nodeId: member.nodeId, rung: repair.rung, repair });
    if (repair.state === RepairState.RUNNING && repair.rung === RepairRung.REPLACE)
      this.#rememberReplacement(member.poolId);
  }

  #rememberReplacement(poolId: string): void {
    const holds = this.#poolHolds.get(poolId) ?? [];
    const tries = replacementsOf(holds).tries + 1;
    const name = this.#pools.get(poolId)?.name ?? '';
    const memory = replacementHold(name, tries, replaceTriesMax, this.#input.now.wallMs);
    this.#poolHolds.set(poolId, [...holds.filter(({ reason }) => reason !== replacementReason), memory]);
  }

  /** One event when a breaker opens and one when it closes. */
  #tell(kind: 'pool' | 'cluster', id: string, before: readonly HoldRecord[], after: readonly HoldRecord[]): void {
    const { opened, closed } = differenceOf(before.filter(isTold), after.filter(isTold));
    for (const hold of opened)
      this.#notes.push({ kind, id, note: warning('Remediation', 'Held', `${hold.reason}: ${hold.message}`) });
    for (const hold of closed) {
      const message = `${hold.reason} of ${hold.scope} ${hold.subject} is over: repair goes on.`;
      this.#notes.push({ kind, id, note: news('Remediation', 'Resumed', message) });
    }
  }

  /** Why a node that is due waits, said once on the node itself. */
  #tellNodes(before: readonly HoldRecord[], after: readonly HoldRecord[], of: readonly HealthMember[]): void {
    for (const { subject, message } of differenceOf(before, after).opened.filter(isToldOnNode)) {
      const id = of.find(({ machineName }) => machineName === subject)?.nodeId;
      if (id !== undefined) this.#notes.push({ kind: 'node', id, note: warning('Remediation', 'RepairHeld', message) });
    }
  }

  #heldBy(member: HealthMember): string {
    const nowMs = this.#input.now.wallMs;
    if (pausedUntil(member.pause, nowMs)) return pauseHold('machine', member.machineName, member.pause).message;
    const holds = [...this.#clusterHolds, ...(this.#poolHolds.get(member.poolId) ?? [])];
    return holds.find((hold) => hold.scope !== 'machine' && concerns(hold, member))?.message ?? '';
  }

  #leftAlone(member: HealthMember): string {
    const pool = this.#pools.get(member.poolId);
    if (pool === undefined || pool.deleteRequestedAtMs !== undefined) return 'Its pool is being deleted.';
    if (this.#input.view.cluster.deleteRequestedAtMs !== undefined) return 'The cluster is being deleted.';
    return leftAloneReason(member, pool);
  }

  #sightOf(member: HealthMember): RungSight | undefined {
    const { facts, spares, now } = this.#input;
    const [pool, known] = [this.#pools.get(member.poolId), facts.get(member.nodeId)];
    if (pool === undefined || known === undefined) return undefined;
    const rules = rulesOf(pool.spec);
    const others = this.#membersOf(pool.id).filter(({ nodeId }) => nodeId !== member.nodeId);
    return {
      verdict: member.health?.verdict ?? HealthVerdict.UNKNOWN,
      reason: member.health?.reason ?? '',
      rules,
      kubeletReady: known.kubeletReady,
      controlPlane: this.#controlPlaneOf(member),
      othersDisrupted: others.filter((other) => this.#isBusy(other)).length,
      budget: disruptionBudget(rules.maxUnavailable, others.length + 1),
      spares: spares.get(pool.id),
      replacements: replacementsOf(this.#poolHolds.get(pool.id) ?? []),
      volumesAttached: known.volumesAttached,
      goneSinceMs: known.goneSinceMs,
      nowMs: now.monotonicMs,
      nowWallMs: now.wallMs,
    };
  }

  #controlPlaneOf(member: HealthMember): ControlPlaneSight | undefined {
    if (member.role !== NodePoolRole.CONTROL_PLANE) return undefined;
    const seats = this.#input.view.members.filter(({ role }) => role === NodePoolRole.CONTROL_PLANE);
    const others = seats.filter(({ nodeId }) => nodeId !== member.nodeId);
    const idle = others.filter((other) => !this.#isBusy(other));
    return {
      members: seats.length,
      othersHealthy: idle.filter(({ health }) => health?.verdict === HealthVerdict.HEALTHY).length,
      othersBusy: idle.length < others.length,
    };
  }

  readonly #isBusy = ({ nodeId, removing }: HealthMember): boolean => removing || this.#working.has(nodeId);

  #membersOf(poolId: string): readonly HealthMember[] {
    return this.#byPool.get(poolId) ?? [];
  }

  #look(atMs: number | undefined): void {
    if (atMs !== undefined && atMs > this.#input.now.monotonicMs) this.#recheckAtMs = Math.min(this.#recheckAtMs, atMs);
  }
}
