import {
  ControlPlaneKind,
  NodePoolRole,
  NodeState,
  SessionState,
  UpdateStrategy,
  type CandidateMismatch,
} from '@flotilla/proto';
import type { NodeRemoval } from '../domain/records.js';
import { updateRules } from '../domain/update-policy.js';
import type { PoolCandidate, PoolMember, PoolView } from '../domain/views.js';
import { openClaims, sizedClaims } from './pool-claims.js';
import { releaseOrder } from './pool-release.js';
import { planRollout, type Rollout } from './pool-rollout.js';
import { quorumProblem } from './quorum.js';

/** A node that is told to go. */
export interface Release {
  readonly member: PoolMember;
  readonly removal: Omit<NodeRemoval, 'atMs'>;
}

/** Something that is wanted and cannot be done now. */
export interface Wait {
  /** UpperCamelCase. */
  readonly reason: string;
  readonly message: string;
}

export interface Moves {
  readonly claims: readonly PoolCandidate[];
  readonly releases: readonly Release[];
  readonly rollout: Rollout;
  /** Machines that the pool lacks to its size. */
  readonly missing: number;
  readonly mismatches: readonly CandidateMismatch[];
  readonly waits: readonly Wait[];
}

const noRollout: Rollout = { moves: [], outdated: [], inFlight: [], parked: [] };

/** Who joins, who leaves, and who may take the newest settings. */
export function planMoves(view: PoolView): Moves {
  const { pool, cluster, members } = view;
  const clusterGoes = cluster.deleteRequestedAtMs !== undefined;
  const staying = members.filter((m) => !m.removing);
  if (clusterGoes || pool.deleteRequestedAtMs !== undefined) {
    // An imported cluster lives on: its pods have somewhere to go.
    const drain = !clusterGoes || cluster.spec.controlPlaneKind === ControlPlaneKind.EXTERNAL;
    const removal = { reason: clusterGoes ? 'ClusterDeleted' : 'PoolDeleted', by, drain } as const;
    const releases = workersFirst(view) ? [] : staying.map((member) => ({ member, removal }));
    return { claims: [], releases, rollout: noRollout, missing: 0, mismatches: [], waits: [] };
  }
  const taken = staying.filter((m) => m.retireRequested || m.quarantined);
  const active = staying.filter((m) => !taken.includes(m));
  const leaving = takenOut(taken);
  const rollout = planRollout(pool, active);
  const moves =
    pool.spec.size === undefined ? openMoves(view, active) : sizedMoves(view, active, pool.spec.size, rollout);
  const gate = quorumGate(view, [...leaving, ...moves.releases]);
  return { ...moves, rollout, releases: gate.releases, waits: [...moves.waits, ...gate.waits] };
}

/** The control plane of a cluster that goes answers until the last worker has left. */
export function workersFirst({ pool, cluster, controlPlane }: PoolView): boolean {
  return pool.spec.role === NodePoolRole.CONTROL_PLANE && cluster.status.nodesTotal > controlPlane.length;
}

const by = 'rule:pool';
const isRunning = (m: PoolMember): boolean =>
  m.state === NodeState.RUNNING || m.state === NodeState.RUNNING_SCHEDULING_DISABLED;

/** An operator has the machine retired or put into quarantine. */
function takenOut(members: readonly PoolMember[]): Release[] {
  return members.map((member) => {
    const reason = member.retireRequested ? 'MachineRetired' : 'MachineQuarantined';
    return { member, removal: { reason, by, drain: true } };
  });
}

type SizeMoves = Omit<Moves, 'rollout'>;

/**
 * Open membership: who enrolled for this pool joins it. One that is to be replaced goes when another has joined since
 * that was asked.
 */
function openMoves(view: PoolView, active: readonly PoolMember[]): SizeMoves {
  const { claims, mismatches } = openClaims(view);
  const marked = releaseOrder(active.filter((m) => m.replace !== undefined));
  const sinceMs = Math.min(...marked.map((m) => m.replaceTerms?.atMs ?? 0));
  const come = active.filter((m) => m.replace === undefined && isRunning(m) && m.claimedAtMs > sinceMs).length;
  const waits = marked.slice(come).map((m) => ({
    reason: 'WaitingForSpare',
    message: `${m.name} is to be replaced: a machine must enroll for this pool, which is open and takes no other.`,
  }));
  return { claims, releases: marked.slice(0, come).map(replaced), missing: 0, mismatches, waits };
}

/** Sized: as many as wanted, and one more for each that is to be replaced, until the other runs. */
function sizedMoves(view: PoolView, active: readonly PoolMember[], size: number, rollout: Rollout): SizeMoves {
  const anchored = anchoredWaits(view, active);
  const marked = active.filter((m) => m.replace !== undefined && !anchored.has(m.nodeId));
  const others = active.filter((m) => !marked.includes(m));
  const rules = updateRules(view.pool.spec, size);
  const outdated = toReplace(others, rollout, rules.strategy);
  const surge = Math.min(rules.maxSurge, outdated.length);
  const lacking = size - others.length;
  const wanted = Math.max(0, lacking) + surgeLeft(others, size, surge);
  // Those that are to be replaced are still there: nothing is missing because of them.
  const found = sizedClaims(view, Math.max(0, size - active.length), wanted);
  const shrinks = view.pool.spec.role !== NodePoolRole.CONTROL_PLANE && others.length > size + surge;
  const surplus = shrinks ? releaseOrder(others).slice(0, others.length - size - surge) : [];
  const rest = others.filter((m) => !surplus.includes(m));
  const releases = [
    ...surplus.map((member) => ({ member, removal: { reason: 'ScaledDown', by, drain: true } as const })),
    ...replaceable(marked, rest, size).map(replaced),
    ...outOfService(view, outdated, rest, size, rules.maxUnavailable).map(changed),
  ];
  const waits = [...anchored.values(), ...spareWaits(marked, outdated, releases, found.claims, lacking, surge)];
  return { ...found, releases, waits };
}

/** Machines that may be claimed beyond the size now, for nodes that the rollout replaces. */
function surgeLeft(others: readonly PoolMember[], size: number, surge: number): number {
  return Math.max(0, Math.min(surge, size + surge - Math.max(size, others.length)));
}

/** Nodes whose settings are made new by another machine. */
function toReplace(others: readonly PoolMember[], rollout: Rollout, strategy: UpdateStrategy): PoolMember[] {
  const wanted =
    strategy === UpdateStrategy.REPLACE
      ? rollout.outdated
      : strategy === UpdateStrategy.IN_PLACE_ELSE_REPLACE
        ? rollout.parked
        : [];
  return releaseOrder(others.filter((m) => wanted.includes(m)));
}

/** Those whose replacement has arrived. An unhealthy one goes as soon as its replacement is claimed: it serves nobody. */
function replaceable(marked: readonly PoolMember[], others: readonly PoolMember[], size: number): PoolMember[] {
  const order = [...marked].sort((a, b) => Number(b.replace === 'Unhealthy') - Number(a.replace === 'Unhealthy'));
  const joining = others.filter((m) => !isRunning(m)).length;
  return order.filter((member, i) => {
    const needed = i + 1 + size - marked.length;
    return others.length - (member.replace === 'Unhealthy' ? 0 : joining) >= needed;
  });
}

/** Outdated nodes that may leave now: so many stay in service that no more than allowed are missing. */
function outOfService(
  { members }: PoolView,
  outdated: readonly PoolMember[],
  others: readonly PoolMember[],
  size: number,
  maxUnavailable: number,
): PoolMember[] {
  const serving = (m: PoolMember): boolean => isRunning(m) && m.ready;
  let spareable = others.filter(serving).length - (size - maxUnavailable);
  let leaving = members.filter((m) => m.removing).length;
  return outdated.filter((member) => {
    // One that serves nobody costs nothing, but still only so many go at once.
    if (leaving >= Math.max(1, maxUnavailable) || (serving(member) && spareable <= 0)) return false;
    if (serving(member)) spareable -= 1;
    leaving += 1;
    return true;
  });
}

function replaced(member: PoolMember): Release {
  const { replace, replaceTerms: terms } = member;
  if (replace === 'Unhealthy') {
    const drain = member.session === SessionState.CONNECTED;
    return { member, removal: { reason: 'Unhealthy', by, drain, preserve: true } };
  }
  const reason = replace === 'TemplateChanged' ? 'TemplateChanged' : 'Replaced';
  const timeout = terms?.timeoutMs === undefined ? {} : { timeoutMs: terms.timeoutMs };
  const force = terms?.force === true ? { force: true } : {};
  return { member, removal: { reason, by: terms?.by ?? by, drain: true, ...timeout, ...force } };
}

const changed = (member: PoolMember): Release => ({
  member,
  removal: { reason: 'TemplateChanged', by, drain: true },
});

/** Why nodes that are to be replaced stay for now. */
function spareWaits(
  marked: readonly PoolMember[],
  outdated: readonly PoolMember[],
  releases: readonly Release[],
  claims: readonly PoolCandidate[],
  lacking: number,
  surge: number,
): Wait[] {
  const stays = (m: PoolMember): boolean => !releases.some((r) => r.member === m);
  const names = (list: readonly PoolMember[]): string => list.map((m) => m.name).join(', ');
  const waiting = marked.filter(stays);
  const lacks = lacking > claims.length;
  if (waiting.length > 0 && lacks) {
    const message = `${names(waiting)} waits to be replaced: no spare fits. Enroll a machine that does.`;
    return [{ reason: 'WaitingForSpare', message }];
  }
  if (waiting.length > 0) {
    const verb = waiting.length === 1 ? 'leaves' : 'leave';
    return [{ reason: 'Replacing', message: `${names(waiting)} ${verb} when another machine runs in its place.` }];
  }
  const stuck = outdated.length > 0 && surge > 0 && claims.length === 0 && outdated.every(stays) && lacking >= 0;
  if (!stuck) return [];
  const message = `${names(outdated)} waits for a spare to take over: no spare fits.`;
  return [{ reason: 'WaitingForSpare', message }];
}

/** The address of the only control-plane machine is what every node and kubeconfig was given: it cannot be replaced. */
function anchoredWaits({ pool, cluster }: PoolView, active: readonly PoolMember[]): ReadonlyMap<string, Wait> {
  if (pool.spec.role !== NodePoolRole.CONTROL_PLANE || cluster.spec.endpoint !== '') return new Map();
  const anchors = active.filter((m) => m.replace !== undefined && m.nodeId === cluster.status.initNodeId);
  return new Map(
    anchors.map((m) => [
      m.nodeId,
      {
        reason: 'EndpointIsMachine',
        message: `${m.name} cannot be replaced: the cluster's endpoint ${cluster.status.endpoint} is its own address, and the cluster was made without a DNS name or VIP.`,
      },
    ]),
  );
}

/** Members of a control plane leave one at a time, and only when quorum stays. */
function quorumGate({ pool, controlPlane }: PoolView, wanted: readonly Release[]): Pick<Moves, 'releases' | 'waits'> {
  if (pool.spec.role !== NodePoolRole.CONTROL_PLANE) return { releases: wanted, waits: [] };
  const releases: Release[] = [];
  const waits: Wait[] = [];
  for (const release of wanted) {
    const oneGoes = releases[0];
    const problem =
      quorumProblem(controlPlane, release.member.nodeId) ??
      (oneGoes === undefined ? undefined : `${oneGoes.member.name} leaves the control plane first: one at a time`);
    if (problem === undefined) releases.push(release);
    else waits.push({ reason: 'QuorumAtRisk', message: `${release.member.name} stays for now: ${problem}.` });
  }
  return { releases, waits };
}
