import type { Instant } from '@flotilla/kit';
import type { Liveness } from './health.js';

/** What the API server shows of a node, in the words that decisions need. */
export interface KubernetesNodeFacts {
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value: string; readonly effect: string }[];
  readonly resourceVersion: string;
  readonly providerId: string;
  readonly unschedulable: boolean;
  readonly kubeletVersion: string;
  readonly internalAddress: string;
  readonly ready: boolean;
  /** Of the Ready condition. */
  readonly readyReason: string;
  readonly readyMessage: string;
  /** The network plugin works: Ready does not complain of it. */
  readonly networkReady: boolean;
}

/** The last round of draining, as its effect reported it. */
export interface DrainFacts {
  /** Which drain it was a round of: wall time at which that began. */
  readonly startedAtMs: number;
  /** Pods that still have to go. */
  readonly podsLeft: number;
  /** Sentences naming pods and what blocks them; at most 5. */
  readonly blocked: readonly string[];
}

export interface NodeFacts {
  readonly now: Instant;
  readonly live: Liveness;
  /** The API server answers and its watch is live. */
  readonly clusterKnown: boolean;
  /** undefined = there is no such Node object, when `clusterKnown`. */
  readonly kubernetes: KubernetesNodeFacts | undefined;
  readonly drain: DrainFacts | undefined;
  /** Why the machine has not the target that the node asks for. */
  readonly hold: { readonly reason: string; readonly message: string } | undefined;
  /** Why the pod network does not come up on this node, in one sentence; empty when nothing is known to be wrong. */
  readonly networkProblem: string;
  /** What failed last of what we do at the API server for this node; empty when nothing. */
  readonly effectProblem: string;
  /** A bootstrap token of the machine is in our memory, fit for use or not: it is ours to delete. */
  readonly tokenHeld: boolean;
  /** One for this node that is good for minutes yet. */
  readonly tokenUsable: boolean;
}

/** What to do at the API server for a node. Each is idempotent; one that is lost is planned again. */
export type NodeAct =
  /** `other`: somebody else has cordoned it; that is only remembered. */
  | { readonly kind: 'cordon'; readonly uid: string; readonly mark: 'flotilla' | 'other' }
  /** Takes our mark away, and with `lift` the cordon too. */
  | { readonly kind: 'uncordon'; readonly uid: string; readonly lift: boolean }
  /** One round: ask pods to leave, delete them by force, or only look. */
  | {
      readonly kind: 'drain';
      readonly mode: 'ask' | 'force' | 'watch';
      readonly startedAtMs: number;
      readonly unreachable: boolean;
    }
  | { readonly kind: 'delete-node'; readonly uid: string }
  | {
      readonly kind: 'sync-node';
      readonly resourceVersion: string;
      readonly labels: Readonly<Record<string, string | null>>;
      readonly annotations: Readonly<Record<string, string>>;
      readonly taints: KubernetesNodeFacts['taints'] | undefined;
    }
  | { readonly kind: 'mint-token' }
  | { readonly kind: 'drop-token' };
