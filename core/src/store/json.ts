import {
  CandidateMismatch,
  ClusterState,
  Condition,
  Location,
  MachineState,
  NodePoolState,
  NodeState,
  StepReport,
} from '@flotilla/proto';
import type {
  ClusterStatusRecord,
  MachineStatusRecord,
  DrainWish,
  NodeRecord,
  NodeRemoval,
  NodeStatusRecord,
  PoolStatusRecord,
  ReplaceWish,
} from '../domain/records.js';
import type {
  MachineHealthRecord,
  NodeHealthRecord,
  PauseRecord,
  RungResultRecord,
  ScopeHealthRecord,
} from '../domain/health-records.js';

/**
 * Texts of the parts of records that are stored as JSON. Messages of proto go through their own JSON form, so that an
 * enum's value is a name and an unknown field of a newer version does no harm. What is read was written by us: a text
 * that does not parse is a damaged database and throws.
 */

type Json = Record<string, unknown>;
type WithConditions = { readonly conditions: readonly Condition[] };

const parse = (text: string): Json => JSON.parse(text) as Json; // ours: an object by construction

const conditionsOf = (json: Json): Condition[] =>
  ((json['conditions'] as unknown[] | undefined) ?? []).map((c) => Condition.fromJSON(c)); // an array by construction
const conditionsText = (value: WithConditions): unknown[] => value.conditions.map((c) => Condition.toJSON(c));

export function labelsText(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(labels);
}
export function labelsFrom(text: string): Readonly<Record<string, string>> {
  return JSON.parse(text) as Record<string, string>; // ours
}

/** What statuses got later: a text of an older version does not have it. */
const clusterStatusAdded = { controlPlaneReplicas: 0, controlPlaneRunning: 0, missingRights: [] };
const poolStatusAdded = { nodesUpdated: 0 };
const nodeStatusAdded = { observedTemplateRevision: 0 };

export function clusterStatusText(status: ClusterStatusRecord): string {
  return JSON.stringify({ ...status, conditions: conditionsText(status) });
}
export function clusterStatusFrom(text: string): ClusterStatusRecord {
  const json = parse(text);
  const fields = json as unknown as ClusterStatusRecord; // ours; absent fields were undefined
  return {
    ...clusterStatusAdded,
    ...fields,
    conditions: conditionsOf(json),
    provisionedAtMs: fields.provisionedAtMs,
  };
}

export function poolStatusText(status: PoolStatusRecord): string {
  return JSON.stringify({
    ...status,
    conditions: conditionsText(status),
    mismatches: status.mismatches.map((m) => CandidateMismatch.toJSON(m)),
  });
}
export function poolStatusFrom(text: string): PoolStatusRecord {
  const json = parse(text);
  const fields = json as unknown as PoolStatusRecord; // ours
  return {
    ...poolStatusAdded,
    ...fields,
    conditions: conditionsOf(json),
    mismatches: fields.mismatches.map((m) => CandidateMismatch.fromJSON(m)),
  };
}

export function machineStatusText(status: MachineStatusRecord): string {
  return JSON.stringify({ ...status, conditions: conditionsText(status) });
}
export function machineStatusFrom(text: string): MachineStatusRecord {
  const json = parse(text);
  return { ...(json as unknown as MachineStatusRecord), conditions: conditionsOf(json) }; // ours
}

export function nodeStatusText(status: NodeStatusRecord): string {
  return JSON.stringify({
    ...status,
    conditions: conditionsText(status),
    phases: status.phases.map((p) => StepReport.toJSON(p)),
  });
}
export function nodeStatusFrom(text: string): NodeStatusRecord {
  const json = parse(text);
  const fields = json as unknown as NodeStatusRecord; // ours; absent fields were undefined
  return {
    ...nodeStatusAdded,
    ...fields,
    drain: fields.drain,
    conditions: conditionsOf(json),
    phases: fields.phases.map((p) => StepReport.fromJSON(p)),
    readyAtMs: fields.readyAtMs,
    registeredAtMs: fields.registeredAtMs,
    drainedAtMs: fields.drainedAtMs,
    cleanedAtMs: fields.cleanedAtMs,
  };
}

export function removalFrom(text: string | null): NodeRemoval | undefined {
  return text === null ? undefined : (JSON.parse(text) as NodeRemoval); // ours
}

/** Plain values of ours; undefined is stored as null. */
export function plainText(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
const plainFrom = <T>(text: string | null): T | undefined => (text === null ? undefined : (JSON.parse(text) as T)); // ours: written by plainText

export const cordonFrom = (text: string | null): NodeRecord['cordon'] => plainFrom(text);
export const pauseFrom = (text: string | null): PauseRecord | undefined => plainFrom(text);
export const scopeHealthFrom = (text: string | null): ScopeHealthRecord | undefined => plainFrom(text);

export function drainWishFrom(text: string | null): DrainWish | undefined {
  const wish = plainFrom<DrainWish>(text);
  return wish === undefined ? undefined : { ...wish, timeoutMs: wish.timeoutMs };
}
export function replaceWishFrom(text: string | null): ReplaceWish | undefined {
  const wish = plainFrom<ReplaceWish>(text);
  return wish === undefined ? undefined : { ...wish, timeoutMs: wish.timeoutMs };
}
export function nodeHealthFrom(text: string | null): NodeHealthRecord | undefined {
  const health = plainFrom<NodeHealthRecord>(text);
  if (health === undefined) return undefined;
  return { ...health, actAtMs: health.actAtMs, healthySinceMs: health.healthySinceMs };
}
export function rungResultsFrom(text: string): readonly RungResultRecord[] {
  return JSON.parse(text) as RungResultRecord[]; // ours
}

export function machineHealthText(health: MachineHealthRecord): string {
  return JSON.stringify({ conditions: conditionsText(health) });
}
export function machineHealthFrom(text: string | null): MachineHealthRecord | undefined {
  return text === null ? undefined : { conditions: conditionsOf(parse(text)) };
}

export function locationText(location: Location | undefined): string | null {
  return location === undefined ? null : JSON.stringify(Location.toJSON(location));
}
export function locationFrom(text: string | null): Location | undefined {
  return text === null ? undefined : Location.fromJSON(JSON.parse(text));
}

/** What a record's status is before a reconciler has looked at it. */
export const firstStatus = {
  cluster: clusterStatusText({
    state: ClusterState.PENDING,
    reason: 'Accepted',
    message: 'The cluster was accepted and waits for its first control-plane machine.',
    conditions: [],
    endpoint: '',
    caCertHashes: [],
    nodesTotal: 0,
    nodesRunning: 0,
    initNodeId: '',
    provisionedAtMs: undefined,
    ...clusterStatusAdded,
  }),
  pool: poolStatusText({
    state: NodePoolState.RUNNING,
    reason: 'Accepted',
    message: 'The pool was accepted.',
    conditions: [],
    nodesTotal: 0,
    nodesRunning: 0,
    missing: 0,
    mismatches: [],
    ...poolStatusAdded,
  }),
  machine: machineStatusText({
    state: MachineState.AVAILABLE,
    reason: 'Enrolled',
    message: 'The machine has enrolled and is a spare.',
    conditions: [],
  }),
  node: nodeStatusText({
    state: NodeState.PENDING,
    reason: 'Claimed',
    message: 'The machine was claimed for the pool.',
    conditions: [],
    phases: [],
    internalAddress: '',
    kubeletVersion: '',
    kubernetesReady: false,
    schedulable: false,
    readyAtMs: undefined,
    registeredAtMs: undefined,
    drainedAtMs: undefined,
    cleanedAtMs: undefined,
    warning: '',
    drain: undefined,
    ...nodeStatusAdded,
  }),
} as const;
