import type { ClusterHealthView, FleetLiveness, HealthMember, PoolRecord, RepairRecord } from '@flotilla/core';
import { aClusterRecord, aPoolRecord } from '@flotilla/core/testing';
import { HealthPolicy, HealthVerdict, RepairRung, RepairState, type NonceState } from '@flotilla/proto';
import { planRemediation, type MemberFacts, type RemediationPlan } from '../plan/remediation.js';
import { aHealth, aLive, at, sick } from './samples.js';

/** Facts that a story may set for one node; the rest is made of its record. */
type Told = Partial<MemberFacts>;

/**
 * A cluster in memory: each decision is applied to it as the store would. Health records and facts are set by the story;
 * nothing heals by itself.
 */
export class Ward {
  passedMs = 0;
  members: HealthMember[];
  pool: PoolRecord;
  cluster = aClusterRecord();
  fleet: FleetLiveness = { heard: 100, lost: 0 };
  apiKnown = true;
  spares: number | undefined = 2;
  readonly told = new Map<string, Told>();
  readonly runs = new Map<string, RepairRecord>();
  readonly events: string[] = [];
  readonly acts: string[] = [];
  #ids = 0;
  readonly #rungSince = new Map<string, { readonly key: string; readonly sinceMs: number }>();

  constructor(members: readonly HealthMember[], policy: Partial<HealthPolicy> = {}) {
    this.members = [...members];
    const record = aPoolRecord({ size: members.length });
    this.pool = { ...record, spec: { ...record.spec, health: HealthPolicy.create(policy) } };
  }

  node(name: string): HealthMember {
    const found = this.members.find(({ nodeName }) => nodeName === name);
    if (found === undefined) throw new Error(`no node ${name}`);
    return found;
  }

  set(name: string, over: Partial<HealthMember>): void {
    this.members = this.members.map((member) => (member.nodeName === name ? { ...member, ...over } : member));
  }

  /** The node is sick, and due now unless told otherwise. */
  fall(name: string, health = sick(), told: Told = {}): void {
    this.set(name, { health });
    this.told.set(name, { dueAtMs: at(this.passedMs).monotonicMs, seenNow: health.verdict, ...told });
  }

  recover(name: string): void {
    this.set(name, { health: aHealth() });
    this.told.delete(name);
  }

  say(name: string, nonce: NonceState | undefined, bootId = 'boot-1'): void {
    this.told.set(name, { ...this.told.get(name), nonce, bootId });
  }

  /** Lets time pass and decides. */
  look(afterMs = 0): RemediationPlan {
    this.passedMs += afterMs;
    const now = at(this.passedMs);
    const plan = planRemediation({
      view: this.#view(),
      facts: new Map(
        this.members.filter((m) => this.#matters(m)).map((member) => [member.nodeId, this.#factsOf(member)]),
      ),
      fleet: this.fleet,
      graceEndsAtMs: 0,
      apiUnknownMs: this.apiKnown ? 0 : Number.POSITIVE_INFINITY,
      spares: new Map([[this.pool.id, this.spares]]),
      now,
      newRunId: () => `rep_${++this.#ids}`,
    });
    this.#apply(plan);
    return plan;
  }

  /** Looks every ten seconds. */
  pass(durationMs: number): void {
    for (let passedMs = 0; passedMs < durationMs; passedMs += 10_000) this.look(10_000);
  }

  run(name: string): RepairRecord | undefined {
    return this.node(name).repair;
  }

  get holds(): string[] {
    const holds = [...(this.cluster.health?.holds ?? []), ...(this.pool.health?.holds ?? [])];
    return holds.map(({ scope, subject, reason }) => `${scope} ${subject} ${reason}`);
  }

  #view(): ClusterHealthView {
    return { cluster: this.cluster, pools: [this.pool], members: this.members };
  }

  #matters({ repair, health }: HealthMember): boolean {
    return repair !== undefined || (health !== undefined && health.verdict !== HealthVerdict.HEALTHY);
  }

  #factsOf(member: HealthMember): MemberFacts {
    const { monotonicMs } = at(this.passedMs);
    const key = `${member.repair?.id ?? ''}/${member.repair?.rung ?? 0}`;
    const known = this.#rungSince.get(member.nodeId);
    const since = known?.key === key ? known : { key, sinceMs: monotonicMs };
    this.#rungSince.set(member.nodeId, since);
    return {
      live: aLive(at(this.passedMs)),
      seenNow: member.health?.verdict,
      kubeletReady: false,
      volumesAttached: false,
      dueAtMs: undefined,
      goneSinceMs: undefined,
      rungSeenMs: since.sinceMs,
      nonce: undefined,
      bootId: 'boot-1',
      ...this.told.get(member.nodeName),
    };
  }

  #apply(plan: RemediationPlan): void {
    this.cluster = { ...this.cluster, health: plan.cluster };
    this.pool = { ...this.pool, health: plan.pools.get(this.pool.id) };
    for (const opened of plan.opens) this.#write({ ...opened, version: 1 });
    for (const updated of plan.updates) this.#write({ ...updated, version: updated.version + 1 });
    for (const { kind, id, note } of plan.notes) this.events.push(`${kind} ${id.replace(/^.*_/, '')} ${note.reason}`);
    for (const { nodeId, rung } of plan.acts) this.acts.push(`${nodeId.replace('nod_', '')} ${RepairRung[rung] ?? ''}`);
  }

  #write(run: RepairRecord): void {
    this.runs.set(run.id, run);
    const member = this.members.find(({ nodeId }) => nodeId === run.nodeId);
    if (member === undefined) return;
    if (run.endedAtMs === undefined) this.set(member.nodeName, { repair: run });
    else this.set(member.nodeName, { repair: undefined, lastRepair: run });
  }
}

/** `SUCCEEDED: RESTART_KUBELET NotObserved, RESTART_RUNTIME Succeeded` */
export function storyOf(run: RepairRecord | undefined): string {
  if (run === undefined) return 'none';
  const rungs = run.history.map(({ rung, outcome }) => `${RepairRung[rung] ?? ''} ${outcome}`);
  return `${RepairState[run.state] ?? ''}: ${rungs.join(', ')}`;
}
