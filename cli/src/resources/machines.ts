import {
  GetMachineRequest,
  ListMachinesRequest,
  Machine,
  MachineServiceService,
  MachineState,
  SessionState,
} from '@flotilla/proto';
import { machineStateText, stateTone } from '../output/states.js';
import type { Cell } from '../output/table.js';
import { bytesText, describeMachine } from './describe-machine.js';
import { allPages } from './pages.js';
import { dash, lastSeenCell, locationText, timeCell } from './places.js';
import { answered, type Goal, type Item, listOptions, type Resource, toKindJson } from './resource.js';

function toItem(machine: Machine): Item {
  const { meta, status, spec } = machine;
  const facts = status?.facts;
  const text = machineStateText(status?.state ?? MachineState.UNSPECIFIED);
  return {
    id: meta?.id ?? '',
    name: meta?.name ?? '',
    json: toKindJson('machine', Machine.toJSON(machine)),
    standing: {
      status: text,
      message: status?.message ?? '',
      failed: false,
      remedy: '',
      phases: status?.observed?.steps ?? [],
      reached: reachedGoals(machine),
    },
    cells: (nowMs, wide) => [
      { text: meta?.name ?? '' },
      { text, tone: stateTone(text) },
      { text: facts === undefined ? '-' : `${facts.osId} ${facts.osVersion}`.trim() },
      { text: dash(facts?.arch ?? '') },
      { text: dash(countText(facts?.cpus)) },
      { text: bytesText(facts?.memoryBytes) },
      lastSeenCell(status?.session ?? 0, status?.lastSeenTime, nowMs, wide),
      { text: locationText(spec?.location, wide) },
      timeCell(meta?.createTime, nowMs, wide),
      { text: dash(facts?.nodeAddress ?? '') },
      { text: bytesText(facts?.diskFreeBytes) },
      { text: dash(facts?.agentVersion ?? '') },
      { text: dash(status?.nodeId ?? '') },
      { text: meta?.id ?? '' },
      warningOf(machine),
    ],
    describe: (session, nowMs, paint) => describeMachine(machine, session, nowMs, paint),
  };
}

function reachedGoals({ status }: Machine): Goal[] {
  if (status?.state === MachineState.RETIRED) return ['deleted'];
  if (status?.session !== SessionState.CONNECTED) return [];
  if (status.state === MachineState.AVAILABLE) return ['connected', 'available', 'ready'];
  return status.state === MachineState.IN_USE ? ['connected', 'ready'] : ['connected'];
}

function warningOf({ spec, status }: Machine): Cell {
  if (spec?.quarantined === true) return { text: `! ${dash(spec.quarantineReason)}`, tone: 'bad' };
  if (status?.pause !== undefined) return { text: '! paused', tone: 'busy' };
  return status?.state === MachineState.CLEANING && status.message !== ''
    ? { text: `! ${status.message}`, tone: 'busy' }
    : { text: '' };
}

function countText(count: number | undefined): string {
  return count === undefined || count === 0 ? '' : String(count);
}

export const machineResource: Resource = {
  columns: [
    { header: 'NAME' },
    { header: 'STATUS' },
    { header: 'OS' },
    { header: 'ARCH' },
    { header: 'CPU' },
    { header: 'MEMORY' },
    { header: 'LAST SEEN', volatile: true },
    { header: 'LOCATION' },
    { header: 'AGE', volatile: true },
    { header: 'ADDRESS', wide: true },
    { header: 'DISK FREE', wide: true, volatile: true },
    { header: 'AGENT', wide: true },
    { header: 'NODE', wide: true },
    { header: 'ID', wide: true },
  ],
  goals: ['ready', 'connected', 'available', 'deleted'],
  list: async ({ connection, project }, query) => {
    const machines = await allPages(async (page) => {
      const request = ListMachinesRequest.create({ project, options: listOptions(page, query) });
      const { machines: items, nextPageToken } = await connection.unary(MachineServiceService.listMachines, request);
      return { items, nextPageToken };
    });
    return machines.map(toItem);
  },
  get: async ({ connection, project }, name) => {
    const request = GetMachineRequest.create({ project, machine: name });
    const { machine } = await connection.unary(MachineServiceService.getMachine, request);
    return toItem(answered(machine, 'machine'));
  },
};
