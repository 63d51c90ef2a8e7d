import { RepairRung, RepairState } from '@flotilla/proto';
import type { PoolMember, ReplaceTerms } from '../../domain/views.js';
import { replaceWishFrom } from '../json.js';
import { builder, type SqliteConnection } from './database.js';

/** Live nodes of a pool in narrow rows: no status, no facts, no report is read. */
export function membersOf(db: SqliteConnection, poolId: string): PoolMember[] {
  const query = builder
    .selectFrom('node')
    .innerJoin('machine', 'machine.id', 'node.machine_id')
    .select(['node.id', 'node.version', 'node.machine_id', 'node.name', 'node.role', 'node.state'])
    .select(['node.template_revision', 'node.kubernetes_version', 'node.created_at', 'node.removal', 'node.replace'])
    .select(['node.ready', 'node.schedulable', 'node.warning', 'node.observed_revision', 'node.update_parked'])
    .select(['machine.quarantined', 'machine.retire_requested_at', 'machine.session'])
    .where('node.pool_id', '=', poolId)
    .where('node.ended_at', 'is', null)
    .orderBy('node.id');
  const unhealthy = toBeReplaced(db, poolId);
  return db.all(query).map((row) => {
    const wish = replaceWishFrom(row.replace);
    const sick = unhealthy.get(row.id);
    return {
      nodeId: row.id,
      version: row.version,
      machineId: row.machine_id,
      name: row.name,
      role: row.role,
      state: row.state,
      templateRevision: row.template_revision,
      observedTemplateRevision: row.observed_revision,
      kubernetesVersion: row.kubernetes_version,
      claimedAtMs: row.created_at,
      removing: row.removal !== null,
      ready: row.ready === 1,
      schedulable: row.schedulable === 1,
      warning: row.warning,
      quarantined: row.quarantined === 1,
      retireRequested: row.retire_requested_at !== null,
      replace: sick === undefined ? wish?.reason : 'Unhealthy',
      replaceTerms: sick ?? (wish === undefined ? undefined : { ...wish }),
      session: row.session,
      updateParked: row.update_parked === 1,
    };
  });
}

/** Nodes whose ladder has come to the rung on which another machine takes the place. */
function toBeReplaced(db: SqliteConnection, poolId: string): ReadonlyMap<string, ReplaceTerms> {
  const query = builder
    .selectFrom('repair')
    .innerJoin('node', 'node.id', 'repair.node_id')
    .select(['repair.node_id', 'repair.rung_started_at'])
    .where('node.pool_id', '=', poolId)
    .where('node.ended_at', 'is', null)
    .where('repair.ended_at', 'is', null)
    .where('repair.rung', '=', RepairRung.REPLACE)
    .where('repair.state', '=', RepairState.RUNNING);
  const terms = { by: 'rule:remediation', timeoutMs: undefined, force: false };
  return new Map(db.all(query).map((row) => [row.node_id, { ...terms, atMs: row.rung_started_at }]));
}
