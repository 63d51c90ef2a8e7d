import type { HealthMember, KubernetesWitness, LiveMachine, NodeHealthRecord } from '@flotilla/core';
import type { Instant } from '@flotilla/kit';
import {
  ConditionStatus,
  HealthPolicy,
  HealthVerdict,
  NodePoolRole,
  NodePoolSpec,
  NodeState,
  Probe,
  SessionState,
} from '@flotilla/proto';
import { rulesOf, type HealthRules } from '../plan/policy.js';

export const minuteMs = 60_000;
/** Far from our start, so that no grace is left. */
export const startMs = 10_000_000;
const wallStartMs = Date.UTC(2026, 0, 1);

/** Both clocks, `passedMs` after the start. */
export const at = (passedMs: number): Instant => ({
  monotonicMs: startMs + passedMs,
  wallMs: wallStartMs + passedMs,
});

export function aLive(now: Instant, over: Partial<LiveMachine> & { readonly silentMs?: number } = {}): LiveMachine {
  const { silentMs = 0, ...rest } = over;
  return {
    connected: true,
    lastHeardMs: now.monotonicMs - silentMs,
    watchedSinceMs: 0,
    deadlineMs: 15_000,
    ownStallMs: 0,
    heartbeatIntervalMs: 5_000,
    probes: [],
    ...rest,
  };
}

export function aWitness(now: Instant, over: Partial<KubernetesWitness> = {}): KubernetesWitness {
  return {
    known: true,
    knownSinceMs: 0,
    registered: true,
    ready: 'True',
    readyReason: 'KubeletReady',
    readyMessage: '',
    leaseSeenMs: now.monotonicMs,
    hasAttachedVolumes: false,
    ...over,
  };
}

export const { TRUE, FALSE } = ConditionStatus;

export const aProbe = (type: string, status: ConditionStatus, over: Partial<Probe> = {}): Probe =>
  Probe.create({ type, status, reason: 'Seen', message: `${type} was probed`, ...over });

export function someRules(policy: Partial<HealthPolicy> = {}, over: Partial<HealthRules> = {}): HealthRules {
  return { ...rulesOf(NodePoolSpec.create({ health: HealthPolicy.create(policy) })), ...over };
}

export function aHealth(over: Partial<NodeHealthRecord> = {}): NodeHealthRecord {
  return {
    verdict: HealthVerdict.HEALTHY,
    reason: '',
    message: '',
    sinceMs: wallStartMs,
    actAtMs: undefined,
    hold: '',
    healthySinceMs: wallStartMs,
    fallsAtMs: [],
    ...over,
  };
}

export const sick = (reason = 'KubeletUnhealthy', over: Partial<NodeHealthRecord> = {}): NodeHealthRecord =>
  aHealth({ verdict: HealthVerdict.KUBELET_SICK, reason, healthySinceMs: undefined, ...over });

export const gone = (over: Partial<NodeHealthRecord> = {}): NodeHealthRecord =>
  aHealth({ verdict: HealthVerdict.HOST_GONE, reason: 'HostGone', healthySinceMs: undefined, ...over });

export const lost = (): NodeHealthRecord =>
  aHealth({ verdict: HealthVerdict.MANAGEMENT_LOST, reason: 'AgentSilent', healthySinceMs: undefined });

export function aMember(name: string, over: Partial<HealthMember> = {}): HealthMember {
  return {
    nodeId: `nod_${name}`,
    nodeVersion: 1,
    nodeName: name,
    poolId: 'pol_a',
    role: NodePoolRole.WORKER,
    machineId: `mch_${name}`,
    machineName: name,
    provider: '',
    region: '',
    zone: '',
    state: NodeState.RUNNING,
    removing: false,
    claimedAtMs: 0,
    wasReady: true,
    ready: true,
    session: SessionState.CONNECTED,
    lastSeenAtMs: undefined,
    health: aHealth(),
    quarantined: false,
    remediationDisabled: false,
    pause: undefined,
    repair: undefined,
    lastRepair: undefined,
    ...over,
  };
}

/** `count` members, those from `firstSick` on with this health. */
export function members(count: number, sickOnes: number, health = sick()): HealthMember[] {
  return Array.from({ length: count }, (_, i) => aMember(`n${i}`, i < sickOnes ? { health } : {}));
}
