import {
  GetMachineRequest,
  ListMachinesRequest,
  Machine,
  MachineServiceService,
  MachineState,
  SessionState,
} from '@flotilla/proto';
import { formatBytes } from '@flotilla/kit';
import type { Session } from '../call.js';
import { conditionLines, eventLines, field, labelText, phaseLines, sentence } from '../output/describe.js';
import type { Painter } from '../output/paint.js';
import { machineStateText, sessionStateText, stateTone } from '../output/states.js';
import type { Cell } from '../output/table.js';
import { age } from '../output/times.js';
import { listEvents } from './events.js';
import { allPages } from './pages.js';
import { dash, lastSeenCell, locationText, timeCell } from './places.js';
import { answered, type Goal, type Item, type Resource, toKindJson } from './resource.js';

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
    describe: (session, nowMs, paint) => describe(machine, session, nowMs, paint),
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
  return status?.state === MachineState.CLEANING && status.message !== ''
    ? { text: `! ${status.message}`, tone: 'busy' }
    : { text: '' };
}

function countText(count: number | undefined): string {
  return count === undefined || count === 0 ? '' : String(count);
}

function bytesText(bytes: bigint | undefined): string {
  return bytes === undefined || bytes === 0n ? '-' : formatBytes(Number(bytes));
}

async function describe(machine: Machine, session: Session, nowMs: number, paint: Painter): Promise<string[]> {
  const { meta, spec, status } = machine;
  const facts = status?.facts;
  const { events } = await listEvents(session, { resource: meta?.id ?? '', kind: 'machine', countMax: 10 });
  const place = locationText(spec?.location, true);
  const text = machineStateText(status?.state ?? MachineState.UNSPECIFIED);
  const heard = status?.lastSeenTime === undefined ? 'never heard' : `heartbeat ${age(status.lastSeenTime, nowMs)} ago`;
  const from = status?.remoteAddress === '' || status === undefined ? '' : ` from ${status.remoteAddress}`;
  const host =
    facts === undefined
      ? ''
      : [facts.osName, facts.kernel === '' ? '' : `kernel ${facts.kernel}`, facts.arch, facts.virtualization]
          .filter((each) => each !== '')
          .join(', ');
  const size =
    facts === undefined
      ? ''
      : `${facts.cpus} cpu, ${bytesText(facts.memoryBytes)} memory, ${bytesText(facts.diskFreeBytes)} of ${bytesText(facts.diskBytes)} disk free`;
  const nets = (facts?.interfaces ?? []).map(({ name, addresses, mac }) =>
    `${name} ${addresses.join(' ')} ${mac}`.trim(),
  );
  return [
    `Machine ${meta?.name ?? ''} (${meta?.id ?? ''}) in project ${meta?.project ?? ''}${place === '-' ? '' : `, ${place}`}, enrolled ${age(meta?.createTime, nowMs)} ago`,
    ...field('Status', sentence(text, status?.message ?? '')),
    ...field('Seen', `${sessionStateText(status?.session ?? 0)}, ${heard}${from}`),
    ...field('Held', spec?.quarantined === true ? `out of all pools: ${dash(spec.quarantineReason)}` : ''),
    ...field('Node', status?.nodeId === '' || status === undefined ? 'none' : status.nodeId),
    ...field('Host', host),
    ...field('', size),
    ...field('', nets.join('\n')),
    ...field(
      'Agent',
      `${dash(facts?.agentVersion ?? '')}, target generation ${status?.targetGeneration ?? 0n}, observed ${status?.observed?.observedGeneration ?? 0n}${status?.observed?.converged === true ? ', converged' : ''}`,
    ),
    ...field('Labels', labelText(meta?.labels ?? {})),
    ...conditionLines(status?.conditions ?? [], nowMs, paint),
    ...phaseLines(status?.observed?.steps ?? [], nowMs, paint),
    ...eventLines(events, nowMs, paint),
  ];
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
  list: async ({ connection, project }, { filter }) => {
    const machines = await allPages(async (page) => {
      const request = ListMachinesRequest.create({ project, options: { ...page, filter } });
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
