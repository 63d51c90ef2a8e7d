import type { Instant } from '@flotilla/kit';
import { SessionState } from '@flotilla/proto';

/** What is known now about the agent's stream. */
export interface Liveness {
  readonly connected: boolean;
  readonly lastHeardMs: number | undefined;
  readonly watchedSinceMs: number;
  /** Silence after which it counts as silent. */
  readonly deadlineMs: number;
  /** How long our own process stalled meanwhile: nobody could have been heard. */
  readonly ownStallMs: number;
}

/** Heartbeats that may be missed on an even link before a connected machine counts as silent. */
export const missedMax = 3;
/** Nothing is held against a machine within this time of our own beginning to watch (decision 3). */
export const graceMsMin = 120_000;

/** How long an agent has been silent; counted from when we could first have heard it. */
export function silentForMs(live: Liveness, now: Instant): number {
  return Math.max(0, now.monotonicMs - Math.max(live.lastHeardMs ?? live.watchedSinceMs, live.watchedSinceMs));
}

/**
 * The session as people see it. CONNECTED: heard in time. SILENT: late, or the stream is gone, but not for long.
 * DISCONNECTED: for longer than the grace. Within the grace after our own start what was stored stands.
 */
export function deriveSession(stored: SessionState, live: Liveness, now: Instant): SessionState {
  const lateMs = live.deadlineMs + live.ownStallMs;
  const silentMs = silentForMs(live, now);
  if (live.connected && silentMs <= lateMs) return SessionState.CONNECTED;
  const graceMs = Math.max(live.deadlineMs, graceMsMin) + live.ownStallMs;
  if (silentMs > graceMs) return live.connected ? SessionState.SILENT : SessionState.DISCONNECTED;
  const unheard = live.lastHeardMs === undefined;
  if (unheard && stored !== SessionState.UNSPECIFIED) return stored;
  return silentMs > lateMs || !live.connected ? SessionState.SILENT : SessionState.CONNECTED;
}

/** Monotonic time at which the answer of {@link deriveSession} changes if nothing is heard. */
export function sessionChangesAtMs(live: Liveness, now: Instant): number | undefined {
  const heardMs = Math.max(live.lastHeardMs ?? live.watchedSinceMs, live.watchedSinceMs);
  const { deadlineMs, ownStallMs } = live;
  const edges = [deadlineMs, Math.max(deadlineMs, graceMsMin)].map((limitMs) => heardMs + limitMs + ownStallMs + 1);
  return edges.find((edge) => edge > now.monotonicMs);
}

/** What the cluster says of the node: the second witness. */
export interface KubeletWitness {
  /** The API server answers and its watch is live; otherwise the rest means nothing. */
  readonly known: boolean;
  readonly ready: boolean;
}

export type Health = 'healthy' | 'kubelet-sick' | 'management-lost' | 'host-gone' | 'unknown';

/** Two witnesses, four verdicts; missing information is never a reason to act. */
export function judge(session: SessionState, kubelet: KubeletWitness): Health {
  if (!kubelet.known) return 'unknown';
  if (session === SessionState.CONNECTED) return kubelet.ready ? 'healthy' : 'kubelet-sick';
  return kubelet.ready ? 'management-lost' : 'host-gone';
}

/** The warning shown beside a node that has been Ready; empty when all is well or nothing can be said. */
export function warningOf(session: SessionState, kubelet: KubeletWitness): string {
  switch (judge(session, kubelet)) {
    case 'healthy':
    case 'unknown':
      return '';
    case 'kubelet-sick':
      return 'KubeletSick';
    case 'management-lost':
      return 'ManagementLost';
    case 'host-gone':
      return 'HostGone';
  }
}
