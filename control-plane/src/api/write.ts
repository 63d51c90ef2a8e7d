import { createHash } from 'node:crypto';
import type {
  Change,
  Committed,
  CommitOptions,
  Expectation,
  NewEvent,
  ProjectRecord,
  RequestKey,
  Store,
} from '@flotilla/core';
import { FlotillaError, invalidArgument } from '@flotilla/kit';
import type { WriteOptions } from '@flotilla/proto';
import { etagOf } from './wire-meta.js';
import type { InstanceCall } from './call.js';

/** One act of an operator: what it changes, and how it stands in the audit log. */
export interface Act {
  readonly changes: readonly Change[];
  readonly expect?: readonly Expectation[];
  readonly event?: NewEvent;
  readonly audit: {
    /** Where it stands; the call's project unless told. */
    readonly projectId?: string;
    readonly action: string;
    readonly resourceKind: string;
    readonly resourceId: string;
    /** Facts, never secrets. */
    readonly details?: Readonly<Record<string, string>>;
  };
  /** What a repeat of the same request is answered with: the id of the resource. */
  readonly response: string;
}

/** What came of an act: `dry` = validate_only, nothing was written. */
export type Written =
  | { readonly kind: 'dry' }
  | { readonly kind: 'written' | 'replayed'; readonly revision: number; readonly resourceId: string };

/** Who writes, and where; CreateProject has no project yet. */
export type Writer = InstanceCall & { readonly project?: ProjectRecord };

/** Commits an act with its event and audit entry; honours validate_only and request_id. */
export async function write(
  store: Pick<Store, 'commit'>,
  call: Writer,
  options: WriteOptions | undefined,
  fingerprint: Uint8Array,
  act: Act,
): Promise<Written> {
  const request = requestKey(call, options, fingerprint, act.response);
  if (options?.validateOnly === true) return { kind: 'dry' };
  const entry = {
    projectId: act.audit.projectId ?? call.project?.id ?? call.caller.projectId,
    action: act.audit.action,
    resourceKind: act.audit.resourceKind,
    resourceId: act.audit.resourceId,
    result: 'OK',
    details: act.audit.details ?? {},
  } as const;
  const changes: Change[] = [...act.changes, { kind: 'audit.append', entry }];
  if (act.event !== undefined) changes.push({ kind: 'event.append', event: act.event });
  const commitOptions: CommitOptions = {
    owner: 'api',
    nowMs: call.nowMs,
    actor: call.actor,
    remoteAddress: call.remoteAddress,
    ...(act.expect === undefined ? {} : { expect: act.expect }),
    ...(request === undefined ? {} : { request }),
  };
  const committed: Committed = await store.commit(changes, commitOptions);
  const replayed = committed.replayed !== undefined;
  return {
    kind: replayed ? 'replayed' : 'written',
    revision: committed.revision,
    resourceId: committed.replayed ?? act.response,
  };
}

/**
 * The answer of an earlier identical request, before anything is checked against what is there now: a repeated create
 * must not fail because the first one worked. Undefined when this is the first.
 */
export async function earlier(
  store: Pick<Store, 'read'>,
  call: Writer,
  options: WriteOptions | undefined,
  fingerprint: Uint8Array,
): Promise<string | undefined> {
  const request = requestKey(call, options, fingerprint, '');
  if (request === undefined || options?.validateOnly === true) return undefined;
  const known = await store.read.request(request.key, call.nowMs);
  if (known === undefined) return undefined;
  if (known.fingerprint === request.fingerprint) return known.response;
  throw new FlotillaError('REQUEST_ID_REUSED', 'This request_id was used for another request.', {
    kind: 'invalid-argument',
    remedy: 'Make a new request_id for each new request; keep it only for repeats of the same.',
    violations: [{ field: 'options.request_id', description: 'was used for another request' }],
  });
}

function requestKey(
  call: Writer,
  options: WriteOptions | undefined,
  content: Uint8Array,
  response: string,
): RequestKey | undefined {
  const id = options?.requestId ?? '';
  if (id === '') return undefined;
  if (!/^[\x21-\x7e]{1,128}$/.test(id)) {
    throw invalidArgument([{ field: 'options.request_id', description: 'must be 1 to 128 printable characters' }]);
  }
  return {
    key: `${call.caller.id}/${call.method}/${id}`,
    fingerprint: createHash('sha256').update(content).digest('hex'),
    response,
  };
}

/** Expects the version that the etag names; without an etag, the version that was read. Throws ETAG_MISMATCH. */
export function expectEtag(
  kind: Expectation['kind'],
  record: { readonly id: string; readonly version: number },
  etag: string,
): Expectation {
  if (etag !== '' && etag !== etagOf(record)) {
    throw new FlotillaError(
      'ETAG_MISMATCH',
      `The ${kind} changed meanwhile: its etag is ${etagOf(record)}, not ${etag.slice(0, 40)}.`,
      {
        kind: 'conflict',
        remedy: 'Read it again, look at what changed, and repeat with the new etag.',
      },
    );
  }
  return { kind, id: record.id, version: record.version };
}
