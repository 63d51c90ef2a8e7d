import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

import { openBed, type Bed } from '../host/bed.js';
import { findBeds } from '../host/leftovers.js';
import { ensurePrerequisites } from '../host/prerequisites.js';
import type { Server } from '../host/server.js';
import { TestbedError } from '../pure/errors.js';
import type { Partition, PartitionFrom } from '../pure/bed-state.js';
import { CALL, DEFAULT_BED, defaultServerNames } from '../pure/names.js';
import { diffSnapshots, parseSnapshot, type Snapshot } from '../pure/snapshot-diff.js';
import type { ParsedArgs } from './args.js';
import { formatTable } from './table.js';

const DEFAULT_SERVERS = 3;
const MAX_SERVERS = 64;
const KILLED_EXIT_CODE = 137;

/** Where a command writes: data and progress are two streams. */
export interface Screen {
  readonly data: (text: string) => void;
  readonly progress: (line: string) => void;
}

type Command = (args: ParsedArgs, screen: Screen) => Promise<number>;

/** Runs one command; gives the exit code. */
export async function runCommand(args: ParsedArgs, screen: Screen): Promise<number> {
  const command = HANDLERS[args.command.name];
  if (command === undefined) throw new TestbedError('USAGE', `${args.command.name} has no handler`);
  return command(args, screen);
}

const HANDLERS: Readonly<Record<string, Command>> = {
  up,
  ls,
  exec,
  shell,
  push,
  logs,
  diff,
  down,
  check,
  reboot: async (args, screen) => each(args, screen, 'rebooted', async (server) => server.reboot()),
  powercut: async (args, screen) => each(args, screen, 'off', async (server) => server.powerCut()),
  poweron: async (args, screen) => each(args, screen, 'up', async (server) => server.powerOn()),
  freeze: async (args, screen) => each(args, screen, 'frozen', async (server) => server.freeze()),
  thaw: async (args, screen) => each(args, screen, 'thawed', async (server) => server.thaw()),
  heal: async (args, screen) => each(args, screen, 'healed', async (server) => server.heal()),
  empty: async (args, screen) =>
    each(args, screen, 'has space again', async (server) => Promise.resolve(server.emptyDisk())),
  faildisk: async (args, screen) =>
    each(args, screen, 'its disk failed', async (server) => Promise.resolve(server.failDisk())),
  fill,
  partition,
  snapshot: async (args, screen) => {
    screen.data(`${JSON.stringify(await only(args, screen).snapshot(), null, 1)}\n`);
    return 0;
  },
};

function bedOf(args: ParsedArgs, screen: Screen, name = args.values.get('bed') ?? DEFAULT_BED): Bed {
  const [stateDir, subnet] = [args.values.get('state-dir'), args.values.get('subnet')];
  return openBed({
    name,
    log: screen.progress,
    ...(stateDir === undefined ? {} : { stateDir: resolve(stateDir) }),
    ...(subnet === undefined ? {} : { subnet }),
  });
}

function only(args: ParsedArgs, screen: Screen): Server {
  return bedOf(args, screen).server(args.words[0] ?? '');
}

async function each(
  args: ParsedArgs,
  screen: Screen,
  done: string,
  verb: (server: Server) => Promise<void>,
): Promise<number> {
  const bed = bedOf(args, screen);
  // All names are looked up first: a wrong one changes nothing.
  const servers = args.words.map((name) => bed.server(name));
  await Promise.all(
    servers.map(async (server) => {
      await verb(server);
      screen.progress(`${server.name}  ${done}`);
    }),
  );
  return 0;
}

async function up(args: ParsedArgs, screen: Screen): Promise<number> {
  const disk = args.values.get('disk');
  const diskMiB = disk === undefined ? undefined : toCount(disk, '--disk');
  const bed = bedOf(args, screen);
  const servers = await bed.up(
    wantedNames(args.words).map((name) => (diskMiB === undefined ? name : { name, diskMiB })),
  );
  screen.progress(`bed ${bed.name}: ${bed.subnet} on ${bed.bridge}, this host is ${bed.hostAddress}`);
  screen.progress(`Try: ${CALL} shell ${servers[0]?.name ?? 'alpha'}     Remove everything: ${CALL} down`);
  return 0;
}

/** `3` is three default names; other words are names. */
function wantedNames(words: readonly string[]): readonly string[] {
  const [first] = words;
  if (first === undefined) return defaultServerNames(DEFAULT_SERVERS);
  if (words.length > 1 || !/^\d+$/.test(first)) return words;
  const count = toCount(first, 'the number of servers');
  if (count > MAX_SERVERS)
    throw new TestbedError('USAGE', `${first} servers are too many for one host`, `At most ${String(MAX_SERVERS)}.`);
  return defaultServerNames(count);
}

function toCount(text: string, what: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new TestbedError('USAGE', `${what} must be a whole number above 0 (is "${text}")`);
}

async function ls(args: ParsedArgs, screen: Screen): Promise<number> {
  const beds = args.flags.has('all') ? findBeds().map((name) => bedOf(args, screen, name)) : [bedOf(args, screen)];
  const rows = beds.flatMap((bed) =>
    bed.servers().map((server) => ({
      bed: bed.name,
      name: server.name,
      address: server.address,
      power: server.power(),
      partitions: bed.partitionsOf(server.name).map(describePartition).join('; '),
    })),
  );
  const output = args.values.get('output');
  if (output === 'json') screen.data(`${JSON.stringify(rows, null, 1)}\n`);
  else if (output !== undefined) throw new TestbedError('USAGE', `output ${output} is not known`, 'Use -o json.');
  else if (rows.length === 0) screen.progress(`No servers are up. Boot three: ${CALL} up`);
  else
    screen.data(
      formatTable(
        ['BED', 'NAME', 'ADDRESS', 'STATUS', 'CUT OFF FROM'],
        rows.map((row) => [row.bed, row.name, row.address, row.power, row.partitions]),
      ),
    );
  return Promise.resolve(0);
}

function describePartition({ from, direction }: Partition): string {
  const who = typeof from === 'string' ? from : from.join(',');
  return direction === 'both' ? who : `${who} (${direction})`;
}

async function exec(args: ParsedArgs, screen: Screen): Promise<number> {
  const seconds = args.values.get('timeout');
  // The time is kept inside the server: whatever ends this process, the command does not outlive its time.
  const limit = seconds === undefined ? [] : ['timeout', '--kill-after=5', String(toCount(seconds, '--timeout'))];
  return stream(only(args, screen), [...limit, ...args.rest]);
}

async function shell(args: ParsedArgs, screen: Screen): Promise<number> {
  return stream(only(args, screen), ['bash', '-l']);
}

/** Runs on this terminal: streams go straight through, and an interrupt is the command's to answer. */
async function stream(server: Server, argv: readonly string[]): Promise<number> {
  const child = server.spawn(argv, { terminal: true, env: { TERM: process.env['TERM'] ?? 'dumb' } });
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  return new Promise<number>((resolvePromise, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolvePromise(code ?? KILLED_EXIT_CODE);
    });
  }).finally(() => process.off('SIGINT', ignore));
}

async function push(args: ParsedArgs, screen: Screen): Promise<number> {
  const [, local = '', path = ''] = args.words;
  const server = only(args, screen);
  if (!path.startsWith('/')) throw new TestbedError('USAGE', `${path} is not an absolute path in the server`);
  if (statSync(local).isDirectory()) await server.pushTree(local, path);
  else await server.push(local, path);
  return 0;
}

async function partition(args: ParsedArgs, screen: Screen): Promise<number> {
  const direction = args.values.get('direction') ?? 'both';
  if (direction !== 'both' && direction !== 'in' && direction !== 'out') {
    throw new TestbedError('USAGE', `direction "${direction}" is not known`, 'Use both, in or out.');
  }
  const loss = args.values.get('loss');
  if (args.flags.has('together')) {
    if (args.values.size > (args.values.has('bed') ? 1 : 0))
      throw new TestbedError('USAGE', '--together cuts everything else off', 'Leave the other options out.');
    await bedOf(args, screen).isolate(args.words);
    screen.progress(`${args.words.join(', ')}  cut off together`);
    return 0;
  }
  const text = args.values.get('from') ?? 'all';
  const from: PartitionFrom = text === 'all' || text === 'host' ? text : text.split(',');
  const lossPercent = loss === undefined ? {} : { lossPercent: toCount(loss, '--loss') };
  return each(args, screen, `cut off from ${text}`, async (server) =>
    server.partition({ from, direction, ...lossPercent }),
  );
}

async function fill(args: ParsedArgs, screen: Screen): Promise<number> {
  const leave = args.values.get('leave');
  const leaveMiB = leave === undefined ? 0 : toCount(leave, '--leave');
  return each(args, screen, 'its disk is full', async (server) => server.fillDisk(leaveMiB));
}

async function logs(args: ParsedArgs, screen: Screen): Promise<number> {
  const server = only(args, screen);
  if (args.flags.has('journal')) return stream(server, ['journalctl', '--no-pager']);
  screen.data(server.consoleLog());
  return 0;
}

async function diff(args: ParsedArgs, screen: Screen): Promise<number> {
  const [before, after] = args.words.map(loadSnapshot);
  if (before === undefined || after === undefined) return 2;
  const lines = diffSnapshots(before, after);
  for (const line of lines) screen.data(`${line}\n`);
  screen.progress(lines.length === 0 ? 'no difference' : `${String(lines.length)} differences`);
  return Promise.resolve(lines.length === 0 ? 0 : 1);
}

function loadSnapshot(path: string): Snapshot {
  const snapshot = parseSnapshot(readFileSync(path, 'utf8'));
  if (snapshot !== null) return snapshot;
  throw new TestbedError(
    'BAD_SNAPSHOT',
    `${path} is not a snapshot`,
    `Make one: ${CALL.replace('run', 'run --silent')} snapshot NAME > FILE`,
  );
}

async function down(args: ParsedArgs, screen: Screen): Promise<number> {
  const names = args.flags.has('all') ? findBeds() : [args.values.get('bed') ?? DEFAULT_BED];
  for (const name of names) {
    await bedOf(args, screen, name).down();
    screen.progress(`bed ${name} is gone`);
  }
  return 0;
}

async function check(_args: ParsedArgs, screen: Screen): Promise<number> {
  const found = await ensurePrerequisites(screen.progress);
  for (const reason of found.reasons) screen.data(`missing  ${reason}\n`);
  for (const note of found.notes) screen.data(`note     ${note}\n`);
  if (found.ok) screen.data('ok       this host can boot test servers\n');
  return found.ok ? 0 : 1;
}
