import { ClusterSpec, NodePoolSpec } from '@flotilla/proto';
import { needsRollout } from '../../domain/pool-spec.js';
import { clusterTransitions, poolTransitions } from '../../domain/states.js';
import { clusterStatusText, firstStatus, labelsText, poolStatusText } from '../json.js';
import { builder } from './database.js';
import { revokeTokens } from './write-access.js';
import type { WritersOf } from './write-context.js';

const pending = 1;

/** A cluster that is gone leaves no key behind. */
const noAccess = { client_spki: null, sealed_client_key: null, sealed_certificate_key: null, sealed_kubeconfig: null };

/** Clusters and pools. */
export const clusterWriters: WritersOf<
  | 'cluster.spec'
  | 'cluster.delete'
  | 'cluster.import'
  | 'cluster.status'
  | 'cluster.access'
  | 'pool.spec'
  | 'pool.delete'
  | 'pool.status'
> = {
  'cluster.spec': ({ cluster }, ctx) => {
    const set = { labels: labelsText(cluster.labels), spec: JSON.stringify(ClusterSpec.toJSON(cluster.spec)) };
    if (ctx.versionOf('cluster', cluster.id) > 0) {
      ctx.db.run(builder.updateTable('cluster').set(set).where('id', '=', cluster.id));
      ctx.bump('cluster', cluster.id);
      return;
    }
    ctx.db.run(
      builder.insertInto('cluster').values({
        id: cluster.id,
        project_id: cluster.projectId,
        name: cluster.name,
        ...set,
        state: pending,
        status: firstStatus.cluster,
        delete_requested_at: null,
        gone_at: null,
        client_spki: null,
        sealed_client_key: null,
        sealed_certificate_key: null,
        ca_certificate: '',
        client_certificate: '',
        sealed_kubeconfig: null,
        pause: null,
        health: null,
        version: 1,
        created_at: ctx.nowMs,
        updated_at: ctx.nowMs,
      }),
    );
    ctx.created('cluster', cluster.id);
  },

  'cluster.delete': ({ clusterId }, ctx) => {
    ctx.db.run(
      builder
        .updateTable('cluster')
        .set({ delete_requested_at: ctx.nowMs })
        .where('id', '=', clusterId)
        .where('delete_requested_at', 'is', null),
    );
    revokeTokens(ctx, (token) =>
      token.where('pool_id', 'in', builder.selectFrom('pool').select('id').where('cluster_id', '=', clusterId)),
    );
    ctx.bump('cluster', clusterId);
  },

  'cluster.import': ({ clusterId, sealedKubeconfig }, ctx) => {
    const set = { sealed_kubeconfig: Buffer.from(sealedKubeconfig) };
    ctx.db.run(builder.updateTable('cluster').set(set).where('id', '=', clusterId));
    ctx.bump('cluster', clusterId);
  },

  'cluster.status': ({ clusterId, status, gone }, ctx) => {
    ctx.checkMove('cluster', clusterId, clusterTransitions, status.state);
    const set = {
      state: status.state,
      status: clusterStatusText(status),
      ...(gone ? { gone_at: ctx.nowMs, ...noAccess } : {}),
    };
    ctx.db.run(builder.updateTable('cluster').set(set).where('id', '=', clusterId));
    ctx.bump('cluster', clusterId);
  },

  'cluster.access': ({ clusterId, access }, ctx) => {
    const set = {
      ...(access.sealedKubeconfig.length === 0 ? {} : { sealed_kubeconfig: Buffer.from(access.sealedKubeconfig) }),
      client_spki: Buffer.from(access.clientSpki),
      sealed_client_key: Buffer.from(access.sealedClientKey),
      sealed_certificate_key: Buffer.from(access.sealedCertificateKey),
      ca_certificate: access.caCertificate,
      client_certificate: access.clientCertificate,
    };
    ctx.db.run(builder.updateTable('cluster').set(set).where('id', '=', clusterId));
    ctx.bump('cluster', clusterId);
  },

  'pool.spec': ({ pool }, ctx) => {
    const set = {
      labels: labelsText(pool.labels),
      spec: JSON.stringify(NodePoolSpec.toJSON(pool.spec)),
      template_revision: pool.templateRevision,
      spec_changed_at: ctx.nowMs,
    };
    const stored = ctx.db.first(
      builder.selectFrom('pool').select(['spec', 'template_revision']).where('id', '=', pool.id),
    );
    if (stored !== undefined) {
      const before = NodePoolSpec.fromJSON(JSON.parse(stored.spec));
      const rollsOut = pool.templateRevision > stored.template_revision && needsRollout(before, pool.spec);
      const moved = rollsOut ? { ...set, rollout_revision: pool.templateRevision } : set;
      ctx.db.run(builder.updateTable('pool').set(moved).where('id', '=', pool.id));
      ctx.bump('pool', pool.id);
      return;
    }
    ctx.db.run(
      builder.insertInto('pool').values({
        id: pool.id,
        project_id: pool.projectId,
        cluster_id: pool.clusterId,
        cluster_name: pool.clusterName,
        name: pool.name,
        role: pool.spec.role,
        ...set,
        rollout_revision: pool.templateRevision,
        state: pending,
        status: firstStatus.pool,
        delete_requested_at: null,
        gone_at: null,
        pause: null,
        health: null,
        version: 1,
        created_at: ctx.nowMs,
        updated_at: ctx.nowMs,
      }),
    );
    ctx.created('pool', pool.id);
    ctx.touch('cluster', pool.clusterId);
  },

  'pool.delete': ({ poolId }, ctx) => {
    ctx.db.run(
      builder
        .updateTable('pool')
        .set({ delete_requested_at: ctx.nowMs })
        .where('id', '=', poolId)
        .where('delete_requested_at', 'is', null),
    );
    revokeTokens(ctx, (token) => token.where('pool_id', '=', poolId));
    ctx.bump('pool', poolId);
  },

  // One that goes touches the cluster too, which is gone when its last pool is.
  'pool.status': ({ poolId, status, gone }, ctx) => {
    ctx.checkMove('pool', poolId, poolTransitions, status.state);
    const set = { state: status.state, status: poolStatusText(status), ...(gone ? { gone_at: ctx.nowMs } : {}) };
    const update = builder.updateTable('pool').set(set).where('id', '=', poolId).returning('cluster_id');
    for (const { cluster_id: clusterId } of ctx.db.all(update)) if (gone) ctx.touch('cluster', clusterId);
    ctx.bump('pool', poolId);
  },
};
