import { RepairRung, RepairState } from '@flotilla/proto';
import type { PoolMember } from '../../domain/views.js';
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
    .select(['machine.quarantined', 'machine.retire_requested_at'])
    .where('node.pool_id', '=', poolId)
    .where('node.ended_at', 'is', null)
    .orderBy('node.id');
  const unhealthy = toBeReplaced(db, poolId);
  return db.all(query).map((row) => ({
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
    replace: unhealthy.has(row.id) ? 'Unhealthy' : replaceWishFrom(row.replace)?.reason,
    updateParked: row.update_parked === 1,
  }));
}

/** Nodes whose ladder has come to the rung on which another machine takes the place. */
function toBeReplaced(db: SqliteConnection, poolId: string): ReadonlySet<string> {
  const query = builder
    .selectFrom('repair')
    .innerJoin('node', 'node.id', 'repair.node_id')
    .select('repair.node_id')
    .where('node.pool_id', '=', poolId)
    .where('node.ended_at', 'is', null)
    .where('repair.ended_at', 'is', null)
    .where('repair.rung', '=', RepairRung.REPLACE)
    .where('repair.state', '=', RepairState.RUNNING);
  return new Set(db.all(query).map((row) => row.node_id));
}
