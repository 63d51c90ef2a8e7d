import type { EventSeverity } from '@flotilla/proto';

/** What is written down and never changed: events, the audit log; and what a resource is called in them. */

export interface EventRecord {
  /** Total order from 1, no gap, no repeat. */
  readonly revision: number;
  readonly id: string;
  readonly atMs: number;
  readonly projectId: string;
  readonly resourceKind: ResourceKind;
  readonly resourceId: string;
  readonly resourceName: string;
  readonly severity: EventSeverity;
  readonly category: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
}

export interface AuditRecord {
  /** From 1, no gap. */
  readonly sequence: number;
  readonly atMs: number;
  readonly projectId: string;
  /** `api-key:<name>`, `machine:<id>`, `rule:<reconciler>`, `system`. */
  readonly actor: string;
  readonly remoteAddress: string;
  /** Verb on noun, for example `cluster.create`. */
  readonly action: string;
  readonly resourceKind: string;
  readonly resourceId: string;
  readonly result: 'OK' | 'REFUSED';
  /** Facts, never secrets. */
  readonly details: Readonly<Record<string, string>>;
  readonly epoch: number;
  /** Hex sha256 over previousHash, a newline and the canonical JSON of the fields above. */
  readonly hash: string;
  readonly previousHash: string;
}

export type ResourceKind =
  | 'project'
  | 'cluster'
  | 'pool'
  | 'machine'
  | 'node'
  | 'token'
  | 'apikey'
  | 'member'
  | 'repair'
  | 'version'
  | 'instance';

/** Which installation this is, and how often it has started. */
export interface InstanceRecord {
  readonly instanceId: string;
  /** Rises at each start, and on a restore above everything that ran before (decision 5). */
  readonly epoch: number;
  readonly hostId: string;
  readonly createdAtMs: number;
}
