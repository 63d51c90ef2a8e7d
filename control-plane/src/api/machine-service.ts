import type { MachineRecord } from '@flotilla/core';
import {
  DeleteMachineRequest,
  PauseMachineRequest,
  QuarantineMachineRequest,
  ReleaseMachineRequest,
  ResumeMachineRequest,
  UpdateMachineRequest,
  type Machine,
  type WriteOptions,
} from '@flotilla/proto';
import type { ProjectCall, ServiceHandlers } from './call.js';
import { findMachine } from './find.js';
import { targetGenerations } from './kept-reads.js';
import { toListQuery } from './list.js';
import { livenessOf } from './liveness.js';
import { planMachineUpdate, planQuarantine, planRelease, planRetirement } from './machine-acts.js';
import type { ApiParts } from './parts.js';
import { planPause } from './pause.js';
import { perform, type Verb } from './verb.js';
import { toMachine } from './wire.js';

interface MachineRequest {
  readonly machine: string;
  readonly etag?: string;
  readonly options: WriteOptions | undefined;
}

export function machineService({ store, liveness }: ApiParts): ServiceHandlers<'MachineService'> {
  const generations = targetGenerations(store);
  const show = async (record: MachineRecord, call: ProjectCall): Promise<Machine> => {
    const around = { generation: await generations.of(record.id), epoch: store.instance.epoch, nowMs: call.nowMs };
    return toMachine(record, call.project.name, livenessOf(record, liveness), around);
  };
  const act = async (
    request: MachineRequest,
    content: Uint8Array,
    call: ProjectCall,
    plan: Verb<MachineRecord>['plan'],
  ): Promise<{ machine: Machine; revision: bigint }> => {
    const { record, revision } = await perform(store, call, {
      content,
      options: request.options,
      named: request.machine,
      etag: request.etag ?? '',
      find: (named) => findMachine(store.read, call.project.id, named),
      plan,
    });
    return { machine: await show(record, call), revision };
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

    updateMachine: (request, call) =>
      act(request, UpdateMachineRequest.encode(request).finish(), call, (record) =>
        planMachineUpdate(call, record, request),
      ),
    quarantineMachine: (request, call) =>
      act(request, QuarantineMachineRequest.encode(request).finish(), call, (record) =>
        planQuarantine(store, call, record, request.reason),
      ),
    releaseMachine: (request, call) =>
      act(request, ReleaseMachineRequest.encode(request).finish(), call, (record) => planRelease(call, record)),
    pauseMachine: (request, call) =>
      act(request, PauseMachineRequest.encode(request).finish(), call, (record) =>
        planPause('machine', call, record, request),
      ),
    resumeMachine: (request, call) =>
      act(request, ResumeMachineRequest.encode(request).finish(), call, (record) =>
        planPause('machine', call, record, undefined),
      ),
    deleteMachine: (request, call) =>
      act(request, DeleteMachineRequest.encode(request).finish(), call, (record) =>
        planRetirement(store, call, record, request.etag),
      ),
  };
}
