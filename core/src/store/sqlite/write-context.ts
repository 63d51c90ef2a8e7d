import { FlotillaError } from '@flotilla/kit';
import type { AuditRecord, ResourceKind } from '../../domain/records.js';
import { mayMove, type TransitionTable } from '../../domain/states.js';
import { auditHash } from '../audit-chain.js';
import type { Change, ChangeKind, NewAudit, NewEvent } from '../change.js';
import type { Expectation, Touched } from '../store.js';
import { builder, type SqliteConnection } from './database.js';

/** One writer for each of some kinds of change. */
export type WritersOf<K extends ChangeKind> = {
  readonly [P in K]: (change: Extract<Change, { readonly kind: P }>, ctx: WriteContext) => void;
};

/** Where the two journals stand. */
export interface JournalHeads {
  revision: number;
  auditSequence: number;
  auditHash: string;
}

type VersionedTable = 'project' | 'cluster' | 'pool' | 'machine' | 'node' | 'token' | 'api_key' | 'repair' | 'member';

const tableOf = {
  project: 'project',
  cluster: 'cluster',
  pool: 'pool',
  machine: 'machine',
  node: 'node',
  token: 'token',
  apikey: 'api_key',
  member: 'member',
  repair: 'repair',
} as const satisfies Record<Exclude<Expectation['kind'] | 'member', 'target'>, VersionedTable>;

/** What the writers of one commit share. */
export class WriteContext {
  readonly touched = new Map<string, Touched>();
  readonly versions: Record<string, number> = {};

  constructor(
    readonly db: SqliteConnection,
    readonly heads: JournalHeads,
    readonly commit: {
      readonly nowMs: number;
      readonly actor: string;
      readonly remoteAddress: string;
      readonly epoch: number;
    },
  ) {}

  get nowMs(): number {
    return this.commit.nowMs;
  }

  touch(kind: Touched['kind'], id: string): void {
    this.touched.set(`${kind}:${id}`, { kind, id });
  }

  /** The current version; 0 when there is no such record. For a target: its generation. */
  versionOf(kind: Expectation['kind'], id: string): number {
    if (kind === 'target') {
      return (
        this.db.first(builder.selectFrom('target').select('generation').where('machine_id', '=', id))?.generation ?? 0
      );
    }
    return this.db.first(builder.selectFrom(tableOf[kind]).select('version').where('id', '=', id))?.version ?? 0;
  }

  /** After a write: raises the version and remembers it. NOT_FOUND when nothing is there. */
  bump(kind: Exclude<keyof typeof tableOf, 'repair'>, id: string): void {
    const query = builder
      .updateTable(tableOf[kind])
      .set((eb) => ({ version: eb('version', '+', 1), updated_at: this.nowMs }))
      .where('id', '=', id)
      .returning('version');
    const row = this.db.first(query);
    if (row === undefined) throw notFound(kind, id);
    this.versions[`${kind}:${id}`] = row.version;
    this.touch(kind, id);
  }

  created(kind: keyof typeof tableOf, id: string): void {
    this.versions[`${kind}:${id}`] = 1;
    this.touch(kind, id);
  }

  /** A pool's machines belong to the project, so a touch of the machine tells nobody of its cluster: this does. */
  touchHealthOf(machineId: string): void {
    const node = this.db.first(
      builder.selectFrom('node').select('cluster_id').where('machine_id', '=', machineId).where('ended_at', 'is', null),
    );
    if (node !== undefined) this.touch('health', node.cluster_id);
  }

  /** Stops a status that the transition table does not know: a bug of a plan, never of a user. */
  checkMove<S extends number>(
    kind: 'cluster' | 'pool' | 'machine' | 'node',
    id: string,
    table: TransitionTable<S>,
    to: S,
  ): void {
    const row = this.db.first(builder.selectFrom(kind).select('state').where('id', '=', id));
    if (row === undefined) throw notFound(kind, id);
    const from = row.state as S; // written through this check
    if (!mayMove(table, from, to)) {
      throw new FlotillaError('ILLEGAL_TRANSITION', `${kind} ${id} may not go from state ${from} to ${to}`, {
        kind: 'internal',
        remedy: 'This is a bug in Flotilla; please report it with the audit log.',
      });
    }
  }

  appendEvent(event: NewEvent): void {
    const named = this.#nameOf(event.resourceKind, event.resourceId);
    this.heads.revision += 1;
    this.db.run(
      builder.insertInto('event').values({
        revision: this.heads.revision,
        at: this.nowMs,
        project_id: event.projectId ?? named.projectId,
        resource_kind: event.resourceKind,
        resource_id: event.resourceId,
        resource_name: event.resourceName ?? named.name,
        severity: event.severity,
        category: event.category,
        reason: event.reason,
        message: event.message,
        count: event.count ?? 1,
      }),
    );
  }

  appendAudit(entry: NewAudit): void {
    const record: Omit<AuditRecord, 'hash'> = {
      ...entry,
      sequence: this.heads.auditSequence + 1,
      atMs: this.nowMs,
      actor: this.commit.actor,
      remoteAddress: this.commit.remoteAddress,
      epoch: this.commit.epoch,
      previousHash: this.heads.auditHash,
    };
    const hash = auditHash(record);
    this.heads.auditSequence = record.sequence;
    this.heads.auditHash = hash;
    this.db.run(
      builder.insertInto('audit').values({
        sequence: record.sequence,
        at: record.atMs,
        project_id: record.projectId,
        actor: record.actor,
        remote_address: record.remoteAddress,
        action: record.action,
        resource_kind: record.resourceKind,
        resource_id: record.resourceId,
        result: record.result,
        details: JSON.stringify(record.details),
        epoch: record.epoch,
        hash,
        previous_hash: record.previousHash,
      }),
    );
  }

  #nameOf(kind: ResourceKind, id: string): { name: string; projectId: string } {
    switch (kind) {
      case 'cluster':
      case 'pool':
      case 'machine':
      case 'node': {
        const row = this.db.first(builder.selectFrom(kind).select(['name', 'project_id']).where('id', '=', id));
        return { name: row?.name ?? id, projectId: row?.project_id ?? '' };
      }
      case 'token': {
        const row = this.db.first(builder.selectFrom('token').select('project_id').where('id', '=', id));
        return { name: id, projectId: row?.project_id ?? '' };
      }
      case 'apikey': {
        const row = this.db.first(builder.selectFrom('api_key').select(['name', 'project_id']).where('id', '=', id));
        return { name: row?.name ?? id, projectId: row?.project_id ?? '' };
      }
      case 'project': {
        const row = this.db.first(builder.selectFrom('project').select('name').where('id', '=', id));
        return { name: row?.name ?? id, projectId: id };
      }
      case 'member': {
        const row = this.db.first(builder.selectFrom('member').select(['subject', 'project_id']).where('id', '=', id));
        return { name: row?.subject ?? id, projectId: row?.project_id ?? '' };
      }
      case 'repair': {
        const row = this.db.first(builder.selectFrom('repair').select('project_id').where('id', '=', id));
        return { name: id, projectId: row?.project_id ?? '' };
      }
      case 'version':
      case 'instance':
        return { name: id, projectId: '' };
    }
  }
}

export function notFound(kind: string, id: string): FlotillaError {
  return new FlotillaError('NOT_FOUND', `there is no ${kind} ${id}`, { kind: 'not-found' });
}

export function conflict(message: string, metadata: Record<string, string> = {}): FlotillaError {
  return new FlotillaError('CONFLICT', message, {
    kind: 'conflict',
    retry: 'now',
    remedy: 'Somebody else changed it meanwhile. Read it again and repeat the change.',
    metadata,
  });
}
