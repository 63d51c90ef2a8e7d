import type { KubernetesWitness, LiveMachine } from '@flotilla/core';
import { formatDuration, type Instant } from '@flotilla/kit';

/** Nothing disruptive is decided within this time of our own beginning to watch (decision 3). */
const graceMsMin = 120_000;
const graceBeats = 3;
/** A kubelet renews its Lease every 10 s; Kubernetes itself waits for 50 s before it gives a node up. */
export const leaseStaleMs = 50_000;

/** What the agent's stream says. `unknown`: we have not listened for long enough to say. */
export interface AgentWitness {
  readonly state: 'fresh' | 'silent' | 'unknown';
  readonly message: string;
  /** Monotonic time at which the answer changes if nothing is heard. */
  readonly changesAtMs: number | undefined;
  /** Monotonic time since which nothing was heard. */
  readonly silentSinceMs: number;
}

/** What the cluster says of the kubelet. */
export interface KubeletWitness {
  readonly state: 'fresh' | 'sick' | 'unknown';
  readonly reason: '' | 'ReadyFalse' | 'ReadyUnknown' | 'LeaseStale' | 'NodeObjectMissing' | 'ApiServerUnknown';
  readonly message: string;
  readonly changesAtMs: number | undefined;
}

/** Until this monotonic time nothing disruptive is decided about the machine: we have only begun to watch it. */
export function graceEndsAtMs(live: Pick<LiveMachine, 'watchedSinceMs' | 'heartbeatIntervalMs'>): number {
  return live.watchedSinceMs + Math.max(graceBeats * live.heartbeatIntervalMs, graceMsMin);
}

/** Whether the agent is heard. Our own stalls lengthen the wait; a stream that ended is waited for as long as a silent one. */
export function hearAgent(live: LiveMachine, now: Instant): AgentWitness {
  const silentSinceMs = Math.max(live.lastHeardMs ?? live.watchedSinceMs, live.watchedSinceMs);
  const lateAtMs = silentSinceMs + live.deadlineMs + live.ownStallMs;
  const graceAtMs = graceEndsAtMs(live) + live.ownStallMs;
  if (live.lastHeardMs === undefined) {
    const known = now.monotonicMs >= graceAtMs;
    const since = formatDuration(now.monotonicMs - live.watchedSinceMs);
    return known
      ? { state: 'silent', message: `no heartbeat since our start ${since} ago`, changesAtMs: undefined, silentSinceMs }
      : {
          state: 'unknown',
          message: 'the agent has not been heard since our start',
          changesAtMs: graceAtMs,
          silentSinceMs,
        };
  }
  if (now.monotonicMs <= lateAtMs) {
    return { state: 'fresh', message: 'the agent is heard', changesAtMs: lateAtMs + 1, silentSinceMs };
  }
  const silent = ((now.monotonicMs - silentSinceMs) / 1000).toFixed(1);
  return { state: 'silent', message: `no heartbeat for ${silent} s`, changesAtMs: undefined, silentSinceMs };
}

/** Whether the kubelet is fresh: its Lease is renewed and it is Ready. A Lease never seen says nothing. */
export function hearKubelet(witness: KubernetesWitness, ownStallMs: number, now: Instant): KubeletWitness {
  const say = (
    state: KubeletWitness['state'],
    reason: KubeletWitness['reason'],
    message: string,
    changesAtMs?: number,
  ): KubeletWitness => ({ state, reason, message, changesAtMs });
  if (!witness.known) return say('unknown', 'ApiServerUnknown', 'the API server is not known to answer');
  if (!witness.registered) return say('sick', 'NodeObjectMissing', 'there is no Node object');
  const leaseLateAtMs = leaseLateAt(witness, ownStallMs);
  if (leaseLateAtMs !== undefined && now.monotonicMs > leaseLateAtMs) {
    return say('sick', 'LeaseStale', `the kubelet has not renewed its Lease for more than ${leaseStaleMs / 1000} s`);
  }
  const why = [witness.readyReason, witness.readyMessage].filter((text) => text !== '').join(': ');
  const because = why === '' ? '' : ` (${why})`;
  if (witness.ready === 'True') return say('fresh', '', 'the kubelet is Ready', leaseLateAtMs && leaseLateAtMs + 1);
  if (witness.ready === 'False') return say('sick', 'ReadyFalse', `the kubelet is not Ready${because}`);
  return say('sick', 'ReadyUnknown', `Kubernetes does not hear the kubelet${because}`);
}

/** A Lease can only be late since we could see it. */
function leaseLateAt({ leaseSeenMs, knownSinceMs }: KubernetesWitness, ownStallMs: number): number | undefined {
  if (leaseSeenMs === undefined) return undefined;
  return Math.max(leaseSeenMs, knownSinceMs ?? leaseSeenMs) + leaseStaleMs + ownStallMs;
}
