import { FlotillaError } from '@flotilla/kit';
import { changeOwners, type Change } from '../change.js';
import type { CommitNotice, CommitOptions, Committed } from '../store.js';
import { builder, type SqliteConnection } from './database.js';
import { classify, storeFailed, storeFull, toCommitError } from './errors.js';
import { conflict, WriteContext, type JournalHeads } from './write-context.js';
import { applyChange } from './writers.js';

export interface CommitRequest {
  readonly changes: readonly Change[];
  readonly options: CommitOptions;
}

export type CommitResult =
  | { readonly ok: true; readonly committed: Committed; readonly notice: CommitNotice | undefined }
  | { readonly ok: false; readonly error: FlotillaError };

const requestTtlMs = 24 * 3_600_000;
export const batchMax = 256;

/**
 * The one writer. A batch is one transaction with one fsync; each request in it is a savepoint, so that one that is
 * refused takes nothing of the others with it. Nothing is reported as done before COMMIT has returned.
 */
export class BatchWriter {
  readonly #db: SqliteConnection;
  readonly #epoch: number;
  #heads: JournalHeads;
  #failed: FlotillaError | undefined;

  constructor(db: SqliteConnection, epoch: number) {
    this.#db = db;
    this.#epoch = epoch;
    this.#heads = this.#loadHeads();
  }

  /** Set once the database could not be written safely: nothing may be written any more. */
  get failed(): FlotillaError | undefined {
    return this.#failed;
  }

  /** Results in the order of the requests; never throws. */
  commitAll(requests: readonly CommitRequest[]): CommitResult[] {
    if (this.#failed !== undefined) return requests.map(() => refused(this.#failed));
    const headsBefore = { ...this.#heads };
    try {
      this.#db.raw.exec('BEGIN IMMEDIATE');
      this.#checkStillOwner();
      const results = requests.map((request) => this.#commitOne(request));
      this.#storeHeads();
      this.#db.raw.exec('COMMIT');
      return results;
    } catch (error) {
      this.#heads = headsBefore;
      return this.#undoBatch(requests, error);
    }
  }

  #commitOne(request: CommitRequest): CommitResult {
    const heads = { ...this.#heads };
    this.#db.raw.exec('SAVEPOINT one');
    try {
      const result = this.#apply(request);
      this.#db.raw.exec('RELEASE one');
      return result;
    } catch (error) {
      // A full disk or a failed write may have rolled everything back: that is the whole batch's matter.
      const failure = classify(error);
      if (!this.#db.raw.inTransaction || failure === 'full' || failure === 'fatal' || failure === 'damaged')
        throw error;
      this.#db.raw.exec('ROLLBACK TO one');
      this.#db.raw.exec('RELEASE one');
      this.#heads = heads;
      return refused(toCommitError(error));
    }
  }

  #apply({ changes, options }: CommitRequest): CommitResult {
    const replay = this.#replayOf(options);
    if (replay !== undefined) return replay;
    const { nowMs, actor, remoteAddress = '' } = options;
    const ctx = new WriteContext(this.#db, this.#heads, { nowMs, actor, remoteAddress, epoch: this.#epoch });
    for (const { kind, id, version } of options.expect ?? []) {
      const stored = ctx.versionOf(kind, id);
      if (stored !== version) {
        throw conflict(`${kind} ${id} is at version ${stored}, not ${version}`, { kind, id, version: String(stored) });
      }
    }
    for (const change of changes) {
      const owner = changeOwners[change.kind];
      if (owner !== 'everyone' && owner !== options.owner) {
        throw new FlotillaError('NOT_OWNER', `${options.owner} may not write ${change.kind}, which is ${owner}'s`);
      }
      applyChange(change, ctx);
    }
    const revision = this.#heads.revision;
    this.#rememberRequest(options, revision);
    const notice = { revision, touched: [...ctx.touched.values()], kinds: [...new Set(changes.map((c) => c.kind))] };
    return { ok: true, committed: { revision, versions: ctx.versions, replayed: undefined }, notice };
  }

  #replayOf({ request, nowMs }: CommitOptions): CommitResult | undefined {
    if (request === undefined) return undefined;
    const known = this.#db.first(
      builder.selectFrom('request').selectAll().where('key', '=', request.key).where('expires_at', '>', nowMs),
    );
    if (known === undefined) return undefined;
    if (known.fingerprint !== request.fingerprint) {
      throw new FlotillaError('REQUEST_ID_REUSED', 'this request id was used for another request', {
        kind: 'invalid-argument',
        remedy: 'Use a new request id for a new request.',
      });
    }
    return {
      ok: true,
      committed: { revision: known.revision, versions: {}, replayed: known.response },
      notice: undefined,
    };
  }

  #rememberRequest({ request, nowMs }: CommitOptions, revision: number): void {
    if (request === undefined) return;
    if (request.key.length > 512 || request.response.length > 4096) {
      throw new FlotillaError(
        'REQUEST_KEY_TOO_LONG',
        'a request key has at most 512 characters and its response 4096',
        {
          kind: 'invalid-argument',
        },
      );
    }
    this.#db.run(builder.deleteFrom('request').where('expires_at', '<=', nowMs));
    this.#db.run(
      builder.insertInto('request').values({
        key: request.key,
        fingerprint: request.fingerprint,
        response: request.response,
        revision,
        expires_at: nowMs + requestTtlMs,
      }),
    );
  }

  #loadHeads(): JournalHeads {
    const row = this.#db.first(builder.selectFrom('instance').select(['revision', 'audit_sequence', 'audit_hash']));
    if (row === undefined) throw new Error('the store has no instance row');
    return { revision: row.revision, auditSequence: row.audit_sequence, auditHash: row.audit_hash };
  }

  #storeHeads(): void {
    const { revision, auditSequence, auditHash } = this.#heads;
    this.#db.run(
      builder.updateTable('instance').set({ revision, audit_sequence: auditSequence, audit_hash: auditHash }),
    );
  }

  /** A lock does not fence: what is written checks that nobody has taken over since. */
  #checkStillOwner(): void {
    const row = this.#db.first(builder.selectFrom('instance').select('epoch'));
    if (row?.epoch === this.#epoch) return;
    this.#failed = new FlotillaError('STORE_TAKEN_OVER', 'another server has taken over this data directory', {
      kind: 'precondition',
      remedy: 'Run one server per data directory.',
    });
    throw this.#failed;
  }

  #undoBatch(requests: readonly CommitRequest[], error: unknown): CommitResult[] {
    try {
      if (this.#db.raw.inTransaction) this.#db.raw.exec('ROLLBACK');
    } catch (rollbackError) {
      this.#failed ??= storeFailed(rollbackError);
    }
    if (this.#failed !== undefined) return requests.map(() => refused(this.#failed));
    if (classify(error) === 'full') return requests.map(() => refused(storeFull(error)));
    // After a failed write or fsync nobody knows what is on disk: stop rather than corrupt.
    this.#failed = storeFailed(error);
    return requests.map(() => refused(this.#failed));
  }
}

const refused = (error: FlotillaError | undefined): CommitResult => ({
  ok: false,
  error: error ?? storeFailed(new Error('unknown')),
});
