import type { KubernetesWitness, LiveMachine } from '@flotilla/core';
import { formatDuration, type Instant } from '@flotilla/kit';
import { HealthVerdict } from '@flotilla/proto';
import { findingsOf } from './findings.js';
import type { HealthRules } from './policy.js';
import { hearAgent, hearKubelet, type AgentWitness, type KubeletWitness } from './witness.js';

const { HEALTHY, KUBELET_SICK, MANAGEMENT_LOST, HOST_GONE, STARTING, UNKNOWN } = HealthVerdict;

/** One node at one moment, as far as a verdict needs it. */
export interface NodeSight {
  readonly live: LiveMachine;
  readonly witness: KubernetesWitness;
  /** Has been Ready at least once. */
  readonly wasReady: boolean;
  /** Wall time from which its start counts: nobody is blamed for waiting for something else. */
  readonly startsAtMs: number;
  /** It waits for something that is not its own: the control plane, the mirror, its turn. */
  readonly waits: boolean;
  readonly rules: HealthRules;
  readonly now: Instant;
}

/** What is seen at this moment, without memory. */
export interface Evidence {
  /** undefined: nothing can be said yet after our own absence; what was said before stands. */
  readonly verdict: HealthVerdict | undefined;
  readonly reason: string;
  readonly message: string;
  /** All causes found, the first to be treated at the top. */
  readonly causes: readonly string[];
  /** Monotonic time at which the answer changes if nothing happens. */
  readonly changesAtMs: number | undefined;
}

/** Verdicts that are a reason to act after their time. */
export const actionable: ReadonlySet<HealthVerdict> = new Set([KUBELET_SICK, HOST_GONE]);

const wellText = 'The agent is heard and the kubelet is Ready.';

/** Two witnesses, four verdicts; a missing witness is never a reason to act. */
export function judge(sight: NodeSight): Evidence {
  const agent = hearAgent(sight.live, sight.now);
  const kubelet = hearKubelet(sight.witness, sight.live.ownStallMs, sight.now);
  if (!sight.wasReady) return judgeStart(sight, agent, kubelet);
  if (agent.state === 'unknown') return say(undefined, '', agent.message, [], agent, kubelet);
  const both = `${capital(agent.message)}; ${kubelet.message}.`;
  if (kubelet.state === 'unknown') return say(UNKNOWN, kubelet.reason, both, [], agent, kubelet);
  if (agent.state === 'silent') {
    // Without a Node object there is no second witness: a person took it away.
    if (kubelet.reason === 'NodeObjectMissing') return say(UNKNOWN, 'NodeObjectMissing', both, [], agent, kubelet);
    return kubelet.state === 'fresh'
      ? say(
          MANAGEMENT_LOST,
          'AgentSilent',
          `${both} Its work is running: nothing is done to the node.`,
          [],
          agent,
          kubelet,
        )
      : say(HOST_GONE, 'HostGone', both, ['HostGone'], agent, kubelet);
  }
  const findings = findingsOf(sight.live.probes, { ready: kubelet.state === 'fresh' });
  const causes = [...findings.map(({ cause }) => cause), ...(kubelet.state === 'sick' ? [kubelet.reason] : [])];
  const [reason] = causes;
  if (reason === undefined) return say(HEALTHY, '', wellText, [], agent, kubelet);
  const said = findings[0] === undefined ? '' : ` The agent says: ${sentence(findings[0].message)}`;
  return say(KUBELET_SICK, reason, `${both}${said}`, causes, agent, kubelet);
}

/** A node that has never been Ready: its start has a time, and only then it counts. */
function judgeStart(sight: NodeSight, agent: AgentWitness, kubelet: KubeletWitness): Evidence {
  const { rules, now, startsAtMs } = sight;
  if (agent.state === 'fresh' && kubelet.state === 'fresh') return say(HEALTHY, '', wellText, [], agent, kubelet);
  const leftMs = startsAtMs + rules.startupTimeoutMs - now.wallMs;
  const message = `It is joining; it has ${formatDuration(rules.startupTimeoutMs)} until it must be Ready.`;
  const starting = {
    ...say(STARTING, '', message, [], agent, kubelet),
    changesAtMs: now.monotonicMs + Math.max(1, leftMs),
  };
  if (leftMs > 0) return starting;
  // Nobody is blamed for waiting for another, nor judged by what we cannot see.
  if (agent.state === 'fresh' && sight.waits)
    return say(STARTING, '', 'It waits for its turn to join.', [], agent, kubelet);
  if (agent.state === 'unknown') return say(undefined, '', agent.message, [], agent, kubelet);
  const both = `${agent.message}; ${kubelet.message}`;
  if (kubelet.state === 'unknown') return say(UNKNOWN, kubelet.reason, `${capital(both)}.`, [], agent, kubelet);
  const late = `Not Ready ${formatDuration(rules.startupTimeoutMs)} after it began to join: ${both}.`;
  const verdict = agent.state === 'silent' ? HOST_GONE : KUBELET_SICK;
  return say(verdict, 'StartupTimeout', late, ['StartupTimeout'], agent, kubelet);
}

function say(
  verdict: HealthVerdict | undefined,
  reason: string,
  message: string,
  causes: readonly string[],
  agent: AgentWitness,
  kubelet: KubeletWitness,
): Evidence {
  const changes = [agent.changesAtMs, kubelet.changesAtMs].filter((atMs) => atMs !== undefined);
  return { verdict, reason, message, causes, changesAtMs: changes.length === 0 ? undefined : Math.min(...changes) };
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
