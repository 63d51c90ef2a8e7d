import { MachineFacts, MachineTarget, ObservedState, SessionState, type Location } from '@flotilla/proto';
import { suffixedName } from '../../domain/names.js';
import { machineTransitions } from '../../domain/states.js';
import { firstStatus, labelsText, machineHealthText, machineStatusText } from '../json.js';
import { builder } from './database.js';
import { conflict, notFound, type WriteContext, type WritersOf } from './write-context.js';

const available = 1;
const retired = 6;

const locationColumns = (location: Location | undefined) => ({
  provider: location?.provider ?? '',
  region: location?.region ?? '',
  zone: location?.zone ?? '',
});

const factsColumns = (facts: MachineFacts) => ({
  facts: JSON.stringify(MachineFacts.toJSON(facts)),
  os: facts.osId,
  arch: facts.arch,
  cpus: facts.cpus,
  memory_bytes: Number(facts.memoryBytes),
  disk_bytes: Number(facts.diskBytes),
});

/** Machines and their targets. */
export const machineWriters: WritersOf<
  | 'machine.register'
  | 'machine.spec'
  | 'machine.presence'
  | 'machine.inventory'
  | 'machine.observe'
  | 'machine.health'
  | 'machine.status'
  | 'machine.retire'
  | 'target.write'
> = {
  'machine.register': ({ machine }, ctx) => {
    ctx.db.run(
      builder.insertInto('machine').values({
        id: machine.id,
        project_id: machine.projectId,
        name: freeName(machine.projectId, machine.name, ctx),
        labels: labelsText(machine.labels),
        ...locationColumns(machine.location),
        wanted_pool_id: machine.wantedPoolId,
        quarantined: 0,
        quarantine_reason: '',
        remediation_disabled: 0,
        preserved: 0,
        pause: null,
        health: null,
        retire_requested_at: null,
        token_id: machine.tokenId,
        identity_key_sha256: machine.identityKeySha256,
        identity_key: Buffer.from(machine.identityKey),
        install_id: machine.installId,
        state: available,
        status: firstStatus.machine,
        node_id: '',
        ...factsColumns(machine.facts),
        observed: null,
        observed_at: null,
        session: SessionState.DISCONNECTED,
        last_seen_at: ctx.nowMs,
        remote_address: machine.remoteAddress,
        version: 1,
        created_at: ctx.nowMs,
        updated_at: ctx.nowMs,
      }),
    );
    ctx.created('machine', machine.id);
  },

  'machine.spec': ({ machineId, set }, ctx) => {
    const columns = {
      ...(set.labels === undefined ? {} : { labels: labelsText(set.labels) }),
      ...('location' in set ? locationColumns(set.location) : {}),
      ...(set.wantedPoolId === undefined ? {} : { wanted_pool_id: set.wantedPoolId }),
      ...(set.quarantined === undefined ? {} : { quarantined: set.quarantined ? 1 : 0 }),
      ...(set.quarantineReason === undefined ? {} : { quarantine_reason: set.quarantineReason }),
      ...(set.remediationDisabled === undefined ? {} : { remediation_disabled: set.remediationDisabled ? 1 : 0 }),
      ...(set.preserved === undefined ? {} : { preserved: 0 }),
      ...(set.retire === undefined ? {} : { retire_requested_at: ctx.nowMs }),
    };
    if (Object.keys(columns).length > 0) {
      ctx.db.run(builder.updateTable('machine').set(columns).where('id', '=', machineId));
    }
    ctx.bump('machine', machineId);
    ctx.touchHealthOf(machineId);
  },

  'machine.presence': ({ machineId, session, lastSeenAtMs, remoteAddress }, ctx) => {
    const stored = ctx.db.first(builder.selectFrom('machine').select('session').where('id', '=', machineId));
    if (stored?.session !== session) ctx.touchHealthOf(machineId);
    update(machineId, { session, last_seen_at: lastSeenAtMs, remote_address: remoteAddress }, ctx);
  },

  'machine.inventory': ({ machineId, facts }, ctx) => update(machineId, factsColumns(facts), ctx),

  'machine.observe': ({ machineId, observed }, ctx) => {
    update(machineId, { observed: JSON.stringify(ObservedState.toJSON(observed)), observed_at: ctx.nowMs }, ctx);
  },

  'machine.health': ({ machineId, health }, ctx) => {
    update(machineId, { health: machineHealthText(health) }, ctx);
    ctx.touchHealthOf(machineId);
  },

  'machine.status': ({ machineId, status }, ctx) => {
    ctx.checkMove('machine', machineId, machineTransitions, status.state);
    update(machineId, { state: status.state, status: machineStatusText(status) }, ctx);
    ctx.bump('machine', machineId);
  },

  'machine.retire': ({ machineId, status }, ctx) => {
    ctx.checkMove('machine', machineId, machineTransitions, retired);
    update(machineId, { state: retired, status: machineStatusText({ ...status, state: retired }) }, ctx);
    const revoke = builder
      .updateTable('certificate')
      .set({ revoked_at: ctx.nowMs })
      .where('machine_id', '=', machineId)
      .where('revoked_at', 'is', null)
      .returning('serial');
    for (const { serial } of ctx.db.all(revoke)) ctx.touch('certificate', serial);
    ctx.bump('machine', machineId);
  },

  'target.write': ({ machineId, generation, target }, ctx) => {
    const stored = ctx.versionOf('target', machineId);
    // Only ever one further: a target written twice by two looks at the same facts is a conflict, not two generations.
    if (generation !== stored + 1) {
      throw conflict(`target of ${machineId} is at generation ${stored}, not ${generation - 1}`);
    }
    const values = {
      generation,
      target: JSON.stringify(MachineTarget.toJSON({ ...target, epoch: 0n, generation: BigInt(generation) })),
      written_at: ctx.nowMs,
    };
    ctx.db.run(
      builder
        .insertInto('target')
        .values({ machine_id: machineId, ...values })
        .onConflict((c) => c.column('machine_id').doUpdateSet(values)),
    );
    ctx.versions[`target:${machineId}`] = generation;
    ctx.touch('target', machineId);
  },
};

type MachineColumns = Partial<{
  state: number;
  status: string;
  session: number;
  last_seen_at: number;
  remote_address: string;
  observed: string;
  observed_at: number;
  health: string;
}> &
  Partial<ReturnType<typeof factsColumns>>;

function update(machineId: string, columns: MachineColumns, ctx: WriteContext): void {
  const changed = ctx.db.run(builder.updateTable('machine').set(columns).where('id', '=', machineId));
  if (changed === 0) throw notFound('machine', machineId);
  ctx.touch('machine', machineId);
}

/** The name, or its first free suffix. Bounded: a thousand equal host names are a mistake worth hearing about. */
function freeName(projectId: string, name: string, ctx: WriteContext): string {
  for (let number = 1; number <= 1000; number++) {
    const candidate = number === 1 ? name : suffixedName(name, number);
    const taken = ctx.db.first(
      builder
        .selectFrom('machine')
        .select('id')
        .where('project_id', '=', projectId)
        .where('name', '=', candidate)
        .where('state', '<>', retired),
    );
    if (taken === undefined) return candidate;
  }
  throw conflict(`more than 1000 machines are called ${name}`);
}
