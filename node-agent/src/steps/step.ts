import type { Clock, Logger, RetryClass } from '@flotilla/kit';
import { FlotillaError, toFlotillaError } from '@flotilla/kit';
import type { MachineTarget, Problem } from '@flotilla/proto';
import type { HostChanges } from '../host/changes.js';
import type { Host } from '../host/host.js';
import type { Artifacts } from './install/artifacts.js';
import type { Phase } from './phases.js';

/** Whether there is anything to do. */
export type Check = 'done' | 'needed';

/** Facts of the host that decide how steps act; read once per derivation. */
export interface HostFacts {
  readonly arch: 'amd64' | 'arm64';
  readonly cpus: number;
  readonly memoryBytes: number;
  /** 0 when it could not be read. */
  readonly cgroupVersion: 0 | 1 | 2;
  readonly hostname: string;
  /** For example 6.1.0-18-amd64. */
  readonly kernel: string;
  /** Address the host reaches the control plane from. */
  readonly nodeAddress: string;
}

/** A bootstrap token in memory, never on disk except in the 0600 file kubeadm reads while it runs. */
export interface SecretsInHand {
  readonly bootstrapToken: string;
  readonly certificateKey: string;
  readonly expiresMonotonicMs: number;
}

/** The membership this host was given or is being given, from the journal. */
export interface MembershipRecord {
  readonly state: 'begun' | 'joined';
  readonly clusterId: string;
  readonly nodeId: string;
  readonly nodeName: string;
  readonly role: 'control-plane' | 'worker';
}

/** What the journal remembers and the host cannot show. */
export interface WorkMemory {
  membership(): MembershipRecord | undefined;
  setMembership(record: MembershipRecord | undefined): Promise<void>;
  /** Whether the step was finished under this key. */
  doneUnder(step: string, key: string): boolean;
}

/** What a kubeadm init hands to the control plane; public material only. */
export interface CredentialsBox {
  caCertificate: string;
  caCertHash: string;
  clientCertificate: string;
}

export interface StepContext {
  readonly host: Host;
  readonly changes: HostChanges;
  readonly memory: WorkMemory;
  readonly artifacts: Artifacts;
  readonly target: MachineTarget;
  readonly secrets: SecretsInHand | undefined;
  /** The secrets were used: they are forgotten, and fresh ones asked for when needed. */
  readonly dropSecrets: () => void;
  readonly facts: HostFacts;
  /** Local wall clock minus the server's, in ms; undefined until the server was heard. */
  readonly clockSkewMs: number | undefined;
  readonly stateDir: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** One short text, for example "412 of 640 MB". */
  readonly progress: (text: string) => void;
}

/**
 * One idempotent piece of work. The runner calls `check`, then `apply` when needed, then `check` again: success is what
 * the host shows, not what a program returned.
 */
export interface Step {
  readonly name: string;
  readonly phase: Phase;
  readonly deadlineMs: number;
  /** Failures in a row after which it is parked; unlimited unless told. */
  readonly attemptsMax?: number;
  /** For what the host cannot show: once done under this key it stays done. */
  readonly doneKey?: (context: StepContext) => string;
  check(context: StepContext): Promise<Check>;
  apply(context: StepContext): Promise<void>;
}

/** Several things wrong at once, each with its cure. */
export class StepProblems extends Error {
  override readonly name = 'StepProblems';
  constructor(
    readonly problems: readonly Problem[],
    readonly retry: RetryClass,
    /** Instead of the runner's own backoff. */
    readonly retryAfterMs?: number,
  ) {
    super(problems.map((problem) => `${problem.code}: ${problem.message}`).join('; '));
  }
}

/** Something the step waits for, that is neither done nor failed. */
export class StepWaiting extends Error {
  override readonly name = 'StepWaiting';
  constructor(
    readonly problem: Problem,
    readonly lookAgainAfterMs: number,
  ) {
    super(problem.message);
  }
}

/** Any thrown value as what people see, and whether trying again can help. */
export function toStepProblems(value: unknown): StepProblems {
  if (value instanceof StepProblems) return value;
  const error = toFlotillaError(value);
  // What nobody foresaw may pass; what a step foresaw says itself.
  const retry = value instanceof FlotillaError ? error.retry : 'later';
  return new StepProblems([{ code: error.code, message: error.message, remedy: error.remedy }], retry);
}
