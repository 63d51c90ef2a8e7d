import type { Instant } from '@flotilla/kit';
import {
  ClusterState,
  ControlPlaneKind,
  EventSeverity,
  NodePoolRole,
  NodeState,
  type ClusterCredentials,
} from '@flotilla/proto';
import { splitEndpoint } from '../domain/cluster-spec.js';
import type { ClusterAccessRecord, ClusterStatusRecord } from '../domain/records.js';
import { clusterTransitions, stepTowards } from '../domain/states.js';
import type { ClusterView } from '../domain/views.js';
import { withConditions, type ConditionFact } from './conditions.js';
import { camelCase, counted, type Note, type Verdict } from './decision.js';
import { externalVerdict, isComplete, type ExternalFacts } from './external.js';

export interface ClusterFacts {
  readonly now: Instant;
  /** Our watch of the API server; undefined while there is none to have. */
  readonly link: { readonly known: boolean; readonly problem: string } | undefined;
  /** What failed last when we applied what the cluster needs; empty when nothing. */
  readonly addonProblem: string;
  readonly addonsApplied: boolean;
  /** Of the pod network; undefined = the API server is not known to answer, or no node has joined. */
  readonly network: NetworkFacts | undefined;
  /** EXTERNAL only. */
  readonly external: ExternalFacts | undefined;
}

export interface NetworkFacts {
  /** Nodes whose kubelet waits for the pod network. */
  readonly waiting: number;
  /** Which pods, where, why; empty while nobody has looked. */
  readonly explained: string;
}

export interface ClusterPlan {
  readonly status: ClusterStatusRecord;
  readonly gone: boolean;
  /** Certificates that the initialising machine reported. */
  readonly access: ClusterAccessRecord | undefined;
  /** The cluster has no key of ours yet. */
  readonly makeKeys: boolean;
  /** What runs in the cluster is to be applied. */
  readonly applyAddons: boolean;
  readonly notes: readonly Note[];
  readonly recheckMs: number | undefined;
}

type Member = ClusterView['controlPlane'][number];

/** How far a cluster is, which machine initialises it, and what is due in it. */
export function planCluster(view: ClusterView, facts: ClusterFacts): ClusterPlan {
  const { cluster } = view;
  const before = cluster.status;
  const goes = cluster.deleteRequestedAtMs !== undefined;
  const isExternal = cluster.spec.controlPlaneKind === ControlPlaneKind.EXTERNAL;
  const init = goes || isExternal ? undefined : initNode(view);
  const credentials = acceptedCredentials(init);
  const answers = facts.link?.known === true && (!isExternal || isComplete(facts.external));
  const provisionedAtMs = before.provisionedAtMs ?? (answers && !goes ? facts.now.wallMs : undefined);
  const reach = isExternal ? externalReach(view, facts) : ownReach(view, init, credentials);
  const gone = goes && before.state === ClusterState.DELETING && view.nodesTotal === 0 && view.pools.length === 0;
  const wanted = verdictOf(view, init, provisionedAtMs, facts);
  const state = stepTowards(clusterTransitions, before.state, wanted.state, ClusterState.FAILED) ?? before.state;
  const status: ClusterStatusRecord = {
    ...wanted,
    state,
    conditions: conditionsOf(view, facts),
    ...reach,
    nodesTotal: view.nodesTotal,
    nodesRunning: view.nodesRunning,
    initNodeId: init?.node.id ?? before.initNodeId,
    provisionedAtMs,
    controlPlaneReplicas: replicasOf(view),
    controlPlaneRunning: view.controlPlane.filter((m) => m.node.status.kubernetesReady).length,
    missingRights: facts.external?.missingRights ?? before.missingRights,
  };
  return {
    status,
    gone,
    access: nextAccess(cluster.access, credentials),
    makeKeys: !goes && !isExternal && cluster.access === undefined,
    applyAddons: !goes && facts.link?.known === true && !facts.addonsApplied,
    notes: notesOf(before, status, gone),
    recheckMs: state === wanted.state && !(goes && !gone && before.state !== ClusterState.DELETING) ? undefined : 0,
  };
}

/** Members of the control plane that are wanted. */
function replicasOf({ pools }: ClusterView): number {
  const wanted = pools.filter((p) => p.spec.role === NodePoolRole.CONTROL_PLANE && p.deleteRequestedAtMs === undefined);
  return wanted.reduce((sum, pool) => sum + (pool.spec.size ?? 0), 0);
}

type Reach = Pick<ClusterStatusRecord, 'endpoint' | 'caCertHashes'>;

/**
 * The endpoint is chosen with the machine that initialises, and kept with it: an address that moves later does not move
 * the cluster, and once the API answered the endpoint stays whoever leads.
 */
function ownReach(view: ClusterView, init: Member | undefined, credentials: ClusterCredentials | undefined): Reach {
  const before = view.cluster.status;
  const keeps = before.provisionedAtMs !== undefined || init === undefined || init.node.id === before.initNodeId;
  return {
    endpoint: (keeps ? before.endpoint : '') || endpointOf(view, init),
    caCertHashes: credentials === undefined ? before.caCertHashes : [credentials.caCertHash],
  };
}

/** What the operator said, or else what the cluster publishes of itself. */
function externalReach({ cluster }: ClusterView, { external }: ClusterFacts): Reach {
  const before = cluster.status;
  if (external === undefined) return { endpoint: before.endpoint, caCertHashes: before.caCertHashes };
  const { host, port } = splitEndpoint(cluster.spec.endpoint || external.endpoint);
  return { endpoint: host === '' ? before.endpoint : `${host}:${port}`, caCertHashes: external.caCertHashes };
}

/**
 * The machine that runs kubeadm init: the one chosen before, or the first claimed. Once the API answered that is history,
 * and the leading part (it uploads the certificates that others join with) passes on to a member that runs.
 */
function initNode({ cluster, controlPlane }: ClusterView): Member | undefined {
  const chosen = controlPlane.find((m) => m.node.id === cluster.status.initNodeId);
  const stays = (m: Member): boolean => m.node.removal === undefined;
  if (chosen !== undefined && stays(chosen)) return chosen;
  if (cluster.status.provisionedAtMs === undefined) return controlPlane.find(stays);
  return controlPlane.find((m) => stays(m) && m.node.status.kubernetesReady) ?? chosen;
}

function endpointOf({ cluster }: ClusterView, init: Member | undefined): string {
  if (cluster.spec.endpoint !== '') {
    const { host, port } = splitEndpoint(cluster.spec.endpoint);
    return `${host}:${port}`;
  }
  return init === undefined || init.machine.facts.nodeAddress === '' ? '' : `${init.machine.facts.nodeAddress}:6443`;
}

/** Only from the machine that was told to initialise, and only in the shape they must have. */
function acceptedCredentials(init: Member | undefined): ClusterCredentials | undefined {
  const credentials = init?.machine.observed?.credentials;
  if (credentials === undefined) return undefined;
  const isPem = (text: string): boolean => text.startsWith('-----BEGIN CERTIFICATE-----') && text.length < 20_000;
  const whole =
    isPem(credentials.caCertificate) &&
    isPem(credentials.clientCertificate) &&
    /^sha256:[0-9a-f]{64}$/.test(credentials.caCertHash);
  return whole ? credentials : undefined;
}

function nextAccess(
  access: ClusterAccessRecord | undefined,
  credentials: ClusterCredentials | undefined,
): ClusterAccessRecord | undefined {
  if (access === undefined || credentials === undefined) return undefined;
  const { caCertificate, clientCertificate } = credentials;
  const same = access.caCertificate === caCertificate && access.clientCertificate === clientCertificate;
  return same ? undefined : { ...access, caCertificate, clientCertificate };
}

function verdictOf(
  view: ClusterView,
  init: Member | undefined,
  provisionedAtMs: number | undefined,
  facts: ClusterFacts,
): Verdict<ClusterState> {
  const verdict = (state: ClusterState, reason: string, message: string): Verdict<ClusterState> => ({
    state,
    reason,
    message,
  });
  if (view.cluster.deleteRequestedAtMs !== undefined) {
    const left = view.nodesTotal;
    return verdict(
      ClusterState.DELETING,
      'Deleting',
      left === 0 ? 'All machines have left.' : `${counted(left, 'machine')} must leave.`,
    );
  }
  if (view.cluster.spec.controlPlaneKind === ControlPlaneKind.EXTERNAL) {
    return externalVerdict(view, facts, provisionedAtMs !== undefined);
  }
  if (provisionedAtMs !== undefined) {
    if (facts.link?.known !== true) {
      const why = facts.link?.problem ?? '';
      return verdict(
        ClusterState.PROVISIONED,
        'ApiServerUnknown',
        `The API server is not known to answer${why === '' ? '' : `: ${why}`}.`,
      );
    }
    if (facts.addonProblem !== '') return verdict(ClusterState.PROVISIONED, 'AddonsFailed', facts.addonProblem);
    return controlPlaneVerdict(view);
  }
  if (init === undefined) {
    return verdict(ClusterState.PENDING, 'WaitingForMachines', 'No machine of the control plane has enrolled yet.');
  }
  if (init.node.status.state === NodeState.FAILED) {
    return verdict(ClusterState.FAILED, 'ControlPlaneFailed', `${init.node.name}: ${init.node.status.message}`);
  }
  if (init.machine.facts.nodeAddress === '' && view.cluster.spec.endpoint === '') {
    return verdict(ClusterState.PROVISIONING, 'AddressUnknown', `${init.node.name} has not said its address yet.`);
  }
  const why = facts.link !== undefined && facts.link.problem !== '' ? ` Its API server: ${facts.link.problem}` : '';
  return verdict(
    ClusterState.PROVISIONING,
    'BuildingControlPlane',
    `The control plane is built on ${init.node.name}: ${init.node.status.message}${why}`,
  );
}

/** Members that are missing do not stop the cluster, but people have to know how much it can still lose. */
function controlPlaneVerdict(view: ClusterView): Verdict<ClusterState> {
  const state = ClusterState.PROVISIONED;
  const wanted = replicasOf(view);
  const running = view.controlPlane.filter((m) => m.node.status.kubernetesReady).length;
  if (wanted <= 1 || running >= wanted) return { state, reason: 'Provisioned', message: 'The control plane answers.' };
  const joined = view.controlPlane.filter((m) => m.node.status.readyAtMs !== undefined).length;
  const numbers = `${running} of ${wanted} control-plane members run`;
  if (joined < wanted)
    return { state, reason: 'ControlPlaneGrowing', message: `The control plane answers: ${numbers}.` };
  const quorum = `${Math.floor(joined / 2) + 1} must run for it to answer`;
  return { state, reason: 'ControlPlaneDegraded', message: `The control plane answers, but ${numbers}; ${quorum}.` };
}

function networkCondition({ network }: ClusterFacts): ConditionFact {
  const type = 'NetworkReady';
  if (network === undefined) return { type, holds: undefined, reason: 'NotYet', message: '' };
  if (network.waiting === 0) return { type, holds: true, reason: 'Ready', message: '' };
  const message = network.explained || `${counted(network.waiting, 'node')} waiting for the pod network.`;
  return { type, holds: false, reason: 'NodesWaiting', message };
}

function conditionsOf({ cluster }: ClusterView, facts: ClusterFacts): ClusterStatusRecord['conditions'] {
  const { link } = facts;
  const api = {
    type: 'ApiServerReachable',
    holds: link === undefined ? undefined : link.known,
    reason: link === undefined ? 'NotYet' : link.known ? 'Answers' : 'NoAnswer',
    message: link?.problem ?? '',
  };
  const addons = {
    type: 'AddonsApplied',
    holds: facts.addonProblem !== '' ? false : facts.addonsApplied ? true : undefined,
    reason: facts.addonProblem !== '' ? 'Failed' : facts.addonsApplied ? 'Applied' : 'NotYet',
    message: facts.addonProblem,
  };
  return withConditions(cluster.status.conditions, [api, addons, networkCondition(facts)], facts.now.wallMs);
}

function notesOf(before: ClusterStatusRecord, after: ClusterStatusRecord, gone: boolean): Note[] {
  const note = (severity: EventSeverity, reason: string, message: string): Note[] => [
    { severity, category: 'Lifecycle', reason, message },
  ];
  if (gone) return note(EventSeverity.NORMAL, 'ClusterDeleted', 'The cluster is gone; its machines are spares again.');
  const reasonMatters = ['ApiServerUnknown', 'AddonsFailed', 'ControlPlaneDegraded', 'RightsMissing', 'CannotJoin'];
  const reasonChanged =
    before.reason !== after.reason && [before.reason, after.reason].some((r) => reasonMatters.includes(r));
  if (before.state === after.state && !reasonChanged) return [];
  const bad = after.state === ClusterState.FAILED || reasonMatters.includes(after.reason);
  const reason =
    before.state === after.state
      ? after.reason
      : `Cluster${camelCase((ClusterState[after.state] ?? '').toLowerCase())}`;
  return note(bad ? EventSeverity.WARNING : EventSeverity.NORMAL, reason, after.message);
}
