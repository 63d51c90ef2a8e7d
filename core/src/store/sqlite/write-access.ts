import { FlotillaError } from '@flotilla/kit';
import type { UpdateQueryBuilder, UpdateResult } from 'kysely';
import type { Schema } from '../schema.js';
import { locationText, labelsText } from '../json.js';
import { builder } from './database.js';
import { notFound, type WriteContext, type WritersOf } from './write-context.js';

type TokensToRevoke = UpdateQueryBuilder<Schema, 'token', 'token', UpdateResult>;

const refuse = (code: string, message: string): FlotillaError =>
  new FlotillaError(code, message, { kind: 'permission', remedy: 'Create a new token with `flotilla token create`.' });

/** Tokens, certificates and API keys. */
export const accessWriters: WritersOf<
  | 'token.create'
  | 'token.revoke'
  | 'token.spend'
  | 'certificate.set'
  | 'apikey.create'
  | 'apikey.revoke'
  | 'apikey.used'
> = {
  'token.create': ({ token }, ctx) => {
    ctx.db.run(
      builder.insertInto('token').values({
        id: token.id,
        project_id: token.projectId,
        secret_hmac: Buffer.from(token.secretHmac),
        pool_id: token.poolId,
        cluster_name: token.clusterName,
        pool_name: token.poolName,
        max_uses: token.maxUses,
        uses: 0,
        expires_at: token.expiresAtMs,
        revoked_at: null,
        labels: labelsText(token.labels),
        machine_labels: labelsText(token.machineLabels),
        location: locationText(token.location),
        source_cidrs: JSON.stringify(token.sourceCidrs),
        created_by: token.createdBy,
        version: 1,
        created_at: ctx.nowMs,
        updated_at: ctx.nowMs,
      }),
    );
    ctx.created('token', token.id);
  },

  'token.revoke': ({ tokenId }, ctx) => {
    ctx.db.run(
      builder
        .updateTable('token')
        .set({ revoked_at: ctx.nowMs })
        .where('id', '=', tokenId)
        .where('revoked_at', 'is', null),
    );
    ctx.bump('token', tokenId);
  },

  'token.spend': ({ tokenId, identityKeySha256, machineId }, ctx) => {
    const spent = ctx.db.first(
      builder
        .selectFrom('token_spend')
        .select('machine_id')
        .where('token_id', '=', tokenId)
        .where('identity_key_sha256', '=', identityKeySha256),
    );
    if (spent !== undefined) {
      if (spent.machine_id === machineId) return;
      throw new FlotillaError('TOKEN_SPENT_BY_THIS_KEY', 'this key has already enrolled with this token', {
        kind: 'conflict',
        retry: 'now',
        metadata: { machineId: spent.machine_id },
      });
    }
    spendOnce(tokenId, ctx);
    ctx.db.run(
      builder
        .insertInto('token_spend')
        .values({ token_id: tokenId, identity_key_sha256: identityKeySha256, machine_id: machineId, at: ctx.nowMs }),
    );
  },

  'certificate.set': ({ certificate }, ctx) => {
    const values = {
      serial: certificate.serial,
      machine_id: certificate.machineId,
      spki_sha256: certificate.spkiSha256,
      not_before: certificate.notBeforeMs,
      not_after: certificate.notAfterMs,
      issued_at: ctx.nowMs,
      revoked_at: null,
    };
    ctx.db.run(builder.insertInto('certificate').values(values));
    ctx.touch('certificate', certificate.serial);
  },

  'apikey.create': ({ apiKey }, ctx) => {
    ctx.db.run(
      builder.insertInto('api_key').values({
        id: apiKey.id,
        project_id: apiKey.projectId,
        name: apiKey.name,
        role: apiKey.role,
        secret_hash: Buffer.from(apiKey.secretHash),
        expires_at: apiKey.expiresAtMs,
        revoked_at: null,
        last_used_at: null,
        version: 1,
        created_at: ctx.nowMs,
        updated_at: ctx.nowMs,
      }),
    );
    ctx.created('apikey', apiKey.id);
  },

  'apikey.revoke': ({ apiKeyId }, ctx) => {
    ctx.db.run(
      builder
        .updateTable('api_key')
        .set({ revoked_at: ctx.nowMs })
        .where('id', '=', apiKeyId)
        .where('revoked_at', 'is', null),
    );
    ctx.bump('apikey', apiKeyId);
  },

  'apikey.used': ({ apiKeyId }, ctx) => {
    const changed = ctx.db.run(
      builder.updateTable('api_key').set({ last_used_at: ctx.nowMs }).where('id', '=', apiKeyId),
    );
    if (changed === 0) throw notFound('apikey', apiKeyId);
  },
};

/** Revokes those of the chosen tokens that are not revoked yet. */
export function revokeTokens(ctx: WriteContext, choose: (tokens: TokensToRevoke) => TokensToRevoke): void {
  const query = builder.updateTable('token').set({ revoked_at: ctx.nowMs }).where('revoked_at', 'is', null);
  for (const { id } of ctx.db.all(choose(query).returning('id'))) ctx.bump('token', id);
}

/** The predicate and the count in one statement; then, only on refusal, which part of it failed. */
function spendOnce(tokenId: string, ctx: WriteContext): void {
  const changed = ctx.db.run(
    builder
      .updateTable('token')
      .set((eb) => ({ uses: eb('uses', '+', 1) }))
      .where('id', '=', tokenId)
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', ctx.nowMs)
      .whereRef('uses', '<', 'max_uses'),
  );
  if (changed === 1) {
    ctx.bump('token', tokenId);
    return;
  }
  const token = ctx.db.first(builder.selectFrom('token').selectAll().where('id', '=', tokenId));
  if (token === undefined) throw refuse('TOKEN_UNKNOWN', 'there is no such token');
  if (token.revoked_at !== null) throw refuse('TOKEN_REVOKED', 'the token was revoked');
  if (token.expires_at <= ctx.nowMs) throw refuse('TOKEN_EXPIRED', 'the token has expired');
  throw refuse('TOKEN_USED_UP', `the token was used ${token.uses} of ${token.max_uses} times`);
}
