import { TestbedError } from './errors.js';
import { parseBedName, parseServerName, parseSubnet } from './names.js';

export type Direction = 'both' | 'in' | 'out';
/** `all` is every other server and the host; a list names servers of the same bed. */
export type PartitionFrom = 'all' | 'host' | readonly string[];

/** Seen from the server that is cut off: `in` drops what would reach it, `out` what it sends. */
export interface Partition {
  readonly from: PartitionFrom;
  readonly direction: Direction;
  /** How many of 100 frames are lost, at random; absent = all. */
  readonly lossPercent?: number;
}

export interface ServerState {
  readonly name: string;
  readonly address: string;
  /** Size of the server's whole disk in MiB; null shares the host's. */
  readonly diskMiB: number | null;
  /** `creating` until its disk is complete: a half-made server is thrown away by the next `up`. */
  readonly phase: 'creating' | 'made';
  readonly partitions: readonly Partition[];
}

export interface BedState {
  readonly version: 1;
  readonly name: string;
  readonly subnet: string;
  /** Directory of the shared lower layer. */
  readonly baseDir: string;
  readonly servers: readonly ServerState[];
}

/** The state file as a typed value. A damaged file is refused with the field at fault; `down` works without it. */
export function parseBedState(text: string): BedState {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw bad('it is not JSON');
  }
  const bed = toRecord(value, 'bed');
  if (bed['version'] !== 1) throw bad('version must be 1');
  const servers = bed['servers'];
  if (!Array.isArray(servers)) throw bad('servers must be a list');
  return {
    version: 1,
    name: parseBedName(toText(bed['name'], 'name')),
    subnet: parseSubnet(toText(bed['subnet'], 'subnet')),
    baseDir: toText(bed['baseDir'], 'baseDir'),
    servers: servers.map((server: unknown) => parseServer(server)),
  };
}

function parseServer(value: unknown): ServerState {
  const server = toRecord(value, 'server');
  const { diskMiB, phase, partitions } = server;
  if (diskMiB !== null && typeof diskMiB !== 'number') throw bad('diskMiB must be a number or null');
  if (phase !== 'creating' && phase !== 'made') throw bad('phase must be creating or made');
  if (!Array.isArray(partitions)) throw bad('partitions must be a list');
  return {
    name: parseServerName(toText(server['name'], 'name')),
    address: toText(server['address'], 'address'),
    diskMiB,
    phase,
    partitions: partitions.map((partition: unknown) => parsePartition(partition)),
  };
}

function parsePartition(value: unknown): Partition {
  const { from, direction, lossPercent } = toRecord(value, 'partition');
  if (direction !== 'both' && direction !== 'in' && direction !== 'out') throw bad('direction must be both, in or out');
  if (lossPercent !== undefined && !isLossPercent(lossPercent)) throw bad('lossPercent must be 1 to 99');
  const rest = { direction, ...(lossPercent === undefined ? {} : { lossPercent }) } as const;
  if (from === 'all' || from === 'host') return { from, ...rest };
  if (Array.isArray(from)) return { from: from.map((name: unknown) => parseServerName(toText(name, 'from'))), ...rest };
  throw bad('from must be all, host or a list of servers');
}

/** Whether a number can stand for lost frames of 100; all of them is a partition without it. */
export function isLossPercent(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 99;
}

/** A copy of the bed with one server replaced. */
export function withServer(bed: BedState, name: string, change: Partial<ServerState>): BedState {
  return { ...bed, servers: bed.servers.map((server) => (server.name === name ? { ...server, ...change } : server)) };
}

function toRecord(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(`${what} must be an object`);
  // A non-null object that is no list can be read by string keys; every field is checked before use.
  return value as Record<string, unknown>;
}

function toText(value: unknown, what: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw bad(`${what} must be a text`);
}

function bad(why: string): TestbedError {
  return new TestbedError(
    'BAD_STATE',
    `the bed's state file is damaged: ${why}`,
    'Take the bed down (that needs no state file) and bring it up again.',
  );
}
