import type { MachineRecord } from '@flotilla/core';
import { DeleteMachineRequest, EventSeverity, type Machine } from '@flotilla/proto';
import type { ProjectCall, ServiceHandlers } from './call.js';
import { findMachine } from './find.js';
import { toListQuery } from './list.js';
import { livenessOf } from './liveness.js';
import type { ApiParts } from './parts.js';
import { toMachine } from './wire.js';
import { earlier, expectEtag, write } from './write.js';

export function machineService({ store, liveness }: ApiParts): ServiceHandlers<'MachineService'> {
  const show = async (record: MachineRecord, call: ProjectCall): Promise<Machine> => {
    const target = { record: await store.read.target(record.id), epoch: store.instance.epoch };
    return toMachine(record, call.project.name, livenessOf(record, liveness), target);
  };
  return {
    async getMachine(request, call) {
      return { machine: await show(await findMachine(store.read, call.project.id, request.machine), call) };
    },

    async listMachines(request, call) {
      const page = await store.read.machines({ ...toListQuery(request.options), projectId: call.project.id });
      return {
        machines: await Promise.all(page.items.map((record) => show(record, call))),
        nextPageToken: page.nextPageToken,
      };
    },

    async deleteMachine(request, call) {
      const content = DeleteMachineRequest.encode(request).finish();
      const before = await earlier(store, call, request.options, content);
      const record = await findMachine(store.read, call.project.id, before ?? request.machine);
      const unchanged = async (revision: number) => ({ machine: await show(record, call), revision: BigInt(revision) });
      if (before !== undefined || record.retireRequestedAtMs !== undefined)
        return unchanged(await store.read.revision());
      const written = await write(store, call, request.options, content, {
        changes: [{ kind: 'machine.spec', machineId: record.id, set: { retire: true } }],
        expect: [expectEtag('machine', record, request.etag)],
        event: {
          resourceKind: 'machine',
          resourceId: record.id,
          severity: EventSeverity.NORMAL,
          category: 'Lifecycle',
          reason: 'MachineRetirementRequested',
          message: `${call.actor} asked to retire the machine: it leaves its cluster first, then its identity is revoked.`,
        },
        audit: {
          action: 'machine.delete',
          resourceKind: 'machine',
          resourceId: record.id,
          details: { name: record.name },
        },
        response: record.id,
      });
      if (written.kind === 'dry') return unchanged(0);
      const after = await findMachine(store.read, call.project.id, record.id);
      return { machine: await show(after, call), revision: BigInt(written.revision) };
    },
  };
}
