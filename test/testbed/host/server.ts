import { closeSync, openSync, statSync } from 'node:fs';
import type { ChildProcess } from 'node:child_process';
import { dirname } from 'node:path/posix';

import type { Direction, Partition, PartitionFrom } from '../pure/bed-state.js';
import { TestbedError } from '../pure/errors.js';
import { planEnterArgv } from '../pure/launch.js';
import { CALL } from '../pure/names.js';
import type { Snapshot } from '../pure/snapshot-diff.js';
import { isFrozen, membershipFiles, setFrozen } from './cgroups.js';
import { readText } from './files.js';
import type { BedPaths, ServerPaths } from './paths.js';
import { isOn, lastWords, leaderPid, powerCut } from './power.js';
import { run, start, type RunResult } from './run.js';
import { emptyDisk, failDisk, fillDisk } from './disk-faults.js';
import { takeSnapshot } from './snapshot.js';
import { waitFor } from './wait.js';

const BOOT_TIMEOUT_MS = 120_000;
const EXEC_TIMEOUT_MS = 60_000;
/** A question to a server that is going down may get no answer; it is asked again. */
const PROBE_TIMEOUT_MS = 10_000;
const PUSH_TIMEOUT_MS = 300_000;

export interface ExecOptions {
  readonly input?: string | Buffer;
  /** Default one minute; at its end the command and all it started are killed and the code is 124. */
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export interface PartitionRequest {
  /** Whom to cut it off from: `all` (default: other servers and the host), `host`, or names of servers of this bed. */
  readonly from?: PartitionFrom;
  /** `in` drops what would reach the server, `out` what it sends, `both` (default) is a pulled cable. */
  readonly direction?: Direction;
  /** How many of 100 frames are lost, at random. Default: all. */
  readonly lossPercent?: number;
}

/** What a server needs from its bed. */
export interface ServerHost {
  readonly bed: string;
  readonly paths: BedPaths;
  bootServer(name: string): Promise<void>;
  addPartition(name: string, partition: Partition): Promise<void>;
  clearPartitions(name: string): Promise<void>;
}

export type Power = 'up' | 'booting' | 'frozen' | 'off';

/** One server of a bed: a handle without state of its own, so several processes may hold it. */
export class Server {
  readonly name: string;
  readonly address: string;
  readonly #host: ServerHost;
  readonly #paths: ServerPaths;

  constructor(host: ServerHost, name: string, address: string) {
    this.name = name;
    this.address = address;
    this.#host = host;
    this.#paths = host.paths.server(name);
  }

  power(): Power {
    if (!isOn(this.#host.bed, this.#paths)) return 'off';
    if (isFrozen(this.#host.bed, this.name)) return 'frozen';
    return leaderPid(this.#host.bed, this.name, this.#paths) === null ? 'booting' : 'up';
  }

  /** Runs a command in the server as root with a clean environment; a code other than 0 is a result. */
  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<RunResult> {
    return run(this.enterArgv(argv, options.env), {
      ...options,
      timeoutMs: options.timeoutMs ?? EXEC_TIMEOUT_MS,
      env: {},
    });
  }

  /** Like {@link exec}; a code other than 0 is an error. Gives standard output. */
  async execOk(argv: readonly string[], options: ExecOptions = {}): Promise<string> {
    const result = await this.exec(argv, options);
    if (result.code === 0) return result.stdout;
    const said = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-5).join('\n');
    throw new TestbedError(
      'COMMAND_FAILED',
      `${this.name}: ${argv.join(' ')}: exit code ${String(result.code)}: ${said}`,
    );
  }

  /** Starts a command and hands over its process; `terminal` gives it this process's own streams. */
  spawn(
    argv: readonly string[],
    options: { readonly env?: Readonly<Record<string, string>>; readonly terminal?: boolean } = {},
  ): ChildProcess {
    return start(this.enterArgv(argv, options.env), {
      stdio: options.terminal === true ? 'inherit' : 'pipe',
      detached: options.terminal !== true,
    });
  }

  /** The command on the host that runs `argv` in the server, in the cgroups of its init, so that freeze and power cut reach it. */
  enterArgv(argv: readonly string[], env: Readonly<Record<string, string>> = {}): string[] {
    const leader = this.#leader();
    if (isFrozen(this.#host.bed, this.name))
      throw new TestbedError(
        'SERVER_FROZEN',
        `${this.name} is frozen and answers nothing`,
        `Thaw it first: ${CALL} thaw ${this.name}`,
      );
    const { joinScript, waitScript } = this.#host.paths;
    return [
      joinScript,
      ...membershipFiles(leader),
      '--',
      ...planEnterArgv({ leaderPid: leader, waitScript, env, argv }),
    ];
  }

  #leader(): number {
    const leader = leaderPid(this.#host.bed, this.name, this.#paths);
    if (leader !== null) return leader;
    throw new TestbedError('SERVER_OFF', `${this.name} is not running`, `Switch it on: ${CALL} poweron ${this.name}`);
  }

  /** The file's text. */
  async readFile(path: string): Promise<string> {
    return this.execOk(['cat', '--', path]);
  }

  /** Replaces a file in one step; makes its directory. */
  async writeFile(path: string, content: string | Buffer, mode = 0o644): Promise<void> {
    await this.#put(path, mode, content);
  }

  /** Copies a file of the host into the server, in one step for a reader there. */
  async push(localPath: string, path: string, mode = statSync(localPath).mode & 0o777): Promise<void> {
    const file = openSync(localPath, 'r');
    try {
      await this.#put(path, mode, file);
    } finally {
      closeSync(file);
    }
  }

  async #put(path: string, mode: number, input: string | Buffer | number): Promise<void> {
    const temporary = `${path}.testbed-new`;
    await this.execOk(['mkdir', '-p', '--', dirname(path)]);
    // dd and not a redirection: no shell is involved, whatever the name is.
    const argv = this.enterArgv(['dd', `of=${temporary}`, 'bs=1M', 'status=none', 'conv=fsync']);
    const written = await run(argv, { input, timeoutMs: PUSH_TIMEOUT_MS });
    if (written.code !== 0)
      throw new TestbedError('COMMAND_FAILED', `${this.name}: writing ${path}: ${written.stderr.trim()}`);
    await this.execOk(['chmod', mode.toString(8), '--', temporary]);
    await this.execOk(['mv', '-f', '--', temporary, path]);
  }

  /** Copies the content of a host directory into a directory of the server, with modes and links. */
  async pushTree(localDir: string, dir: string): Promise<void> {
    await this.execOk(['mkdir', '-p', '--', dir]);
    const pack = start(['tar', '-C', localDir, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const unpack = start(this.enterArgv(['tar', '-C', dir, '--no-same-owner', '-xf', '-']), {
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    if (pack.stdout === null || unpack.stdin === null) throw new TestbedError('COMMAND_FAILED', 'tar has no pipe');
    pack.stdout.pipe(unpack.stdin);
    const codes = await Promise.all(
      [pack, unpack].map((child) => new Promise<number | null>((resolve) => child.on('close', resolve))),
    );
    if (codes.some((code) => code !== 0))
      throw new TestbedError('COMMAND_FAILED', `${this.name}: copying ${localDir} to ${dir} failed`);
  }

  /** A new id at each boot. */
  async bootId(): Promise<string> {
    return (await this.readFile('/proc/sys/kernel/random/boot_id')).trim();
  }

  /** `systemctl reboot`, then waits until the server is up again under a new boot id. */
  async reboot(timeoutMs = BOOT_TIMEOUT_MS): Promise<void> {
    const before = await this.bootId();
    // systemd may end the session before the command has answered.
    await this.exec(['systemctl', 'reboot']);
    await this.waitUp(timeoutMs, before);
  }

  /** Waits until systemd has finished booting; `notBootId` is the boot that does not count. */
  async waitUp(timeoutMs = BOOT_TIMEOUT_MS, notBootId = ''): Promise<void> {
    await waitFor(`boot of ${this.name}`, timeoutMs, async () => {
      if (!isOn(this.#host.bed, this.#paths))
        throw new TestbedError('BOOT_FAILED', `${this.name} went off while booting: ${lastWords(this.#paths)}`);
      return this.#isUp(notBootId);
    });
  }

  async #isUp(notBootId: string): Promise<boolean> {
    if (leaderPid(this.#host.bed, this.name, this.#paths) === null) return false;
    try {
      const state = await this.exec(['systemctl', 'is-system-running'], { timeoutMs: PROBE_TIMEOUT_MS });
      if (!['running', 'degraded'].includes(state.stdout.trim())) return false;
      return notBootId === '' || (await this.bootId()) !== notBootId;
    } catch (error) {
      // Between two boots a command can find the old init gone, or the new one not ready to be entered.
      if (error instanceof TestbedError) return false;
      throw error;
    }
  }

  /** SIGKILL to everything of the server at once. What it had not synced may survive: the host's page cache stays. */
  async powerCut(): Promise<void> {
    await powerCut(this.#host.bed, this.name, this.#host.paths);
  }

  /** Boots the server from its disk and waits until it is up; nothing to do when it already is. */
  async powerOn(): Promise<void> {
    await this.#host.bootServer(this.name);
    await this.waitUp();
  }

  /** Stops every process of the server, as a hung machine would; its kernel (pings, open connections) still answers. */
  async freeze(): Promise<void> {
    this.#leader();
    await setFrozen(this.#host.bed, this.name, true);
  }

  async thaw(): Promise<void> {
    await setFrozen(this.#host.bed, this.name, false);
  }

  /** Drops traffic on the bridge; adds to partitions that are already there. */
  async partition(request: PartitionRequest = {}): Promise<void> {
    const { from = 'all', direction = 'both', lossPercent } = request;
    const partition = { from, direction, ...(lossPercent === undefined ? {} : { lossPercent }) };
    await this.#host.addPartition(this.name, partition);
  }

  /** Ends all partitions of this server. One that another server declared against it stays. */
  async heal(): Promise<void> {
    await this.#host.clearPartitions(this.name);
  }

  /** Takes all space of the server's disk but `leaveMiB`. Needs a disk of its own. */
  async fillDisk(leaveMiB = 0): Promise<void> {
    await fillDisk(this.name, this.#paths, leaveMiB);
  }

  /** Gives the space back that {@link fillDisk} took. */
  emptyDisk(): void {
    emptyDisk(this.#paths);
  }

  /**
   * Lets the server's disk report an error, after which its kernel writes nothing to it any more; the next boot repairs it,
   * as a real one does. Needs a disk of its own.
   */
  failDisk(): void {
    failDisk(this.name, this.#paths);
  }

  /** What the server's console showed since it was made, over all its boots. */
  consoleLog(): string {
    return readText(this.#paths.consoleLog) ?? '';
  }

  /** Everything that a product could have left behind here, for a comparison of before and after. */
  async snapshot(): Promise<Snapshot> {
    return takeSnapshot({
      leaderPid: this.#leader(),
      bed: this.#host.bed,
      server: this.name,
      exec: (argv) => this.execOk(argv),
    });
  }
}
