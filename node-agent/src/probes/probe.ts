import type { Clock } from '@flotilla/kit';
import { ConditionStatus } from '@flotilla/proto';
import type { Host } from '../host/host.js';

/** What a probe found. The reason is UpperCamelCase and stable; the message has the numbers. */
export interface Finding {
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
}

export interface ProbeContext {
  readonly host: Host;
  readonly clock: Clock;
  readonly stateDir: string;
  readonly bootId: string;
  /** Name of the node this host is; undefined when it is in no cluster. */
  readonly nodeName: string | undefined;
  readonly controlPlane: boolean;
  /** The kubelet is stopped by order: what it would say is not asked for. */
  readonly isolated: boolean;
  /** Local wall clock minus the server's, in ms; undefined until the server was heard. */
  readonly clockSkewMs: number | undefined;
  /** What another probe found last, and when it began to look (monotonic). */
  readonly last: (type: string) => { readonly finding: Finding; readonly atMs: number } | undefined;
}

/** One question about this host. It says again and again how things are; a condition ends when the probe succeeds. */
export interface HostProbe {
  readonly type: string;
  /** A multiple of the tick: probes that cost more run less often. */
  readonly everyMs: number;
  /** Then `late` is what is known. */
  readonly deadlineMs: number;
  /** What silence until the deadline means; unknown unless told. */
  readonly late?: Finding;
  /** Undefined when the question makes no sense on this host now. */
  read(context: ProbeContext): Promise<Finding | undefined>;
}

export function isTrue(reason: string, message: string): Finding {
  return { status: ConditionStatus.TRUE, reason, message };
}

export function isFalse(reason: string, message: string): Finding {
  return { status: ConditionStatus.FALSE, reason, message };
}

export function isUnknown(reason: string, message: string): Finding {
  return { status: ConditionStatus.UNKNOWN, reason, message };
}
