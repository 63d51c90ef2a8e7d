import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from '../../e2e/support.js';
import type { EnrollOptions, Identity } from './enroll.js';

export interface HerdOptions extends EnrollOptions {
  readonly dir: string;
  /** Words in front of the command, for example to run it in a namespace. */
  readonly prefix?: readonly string[];
  readonly connectPerSecond?: number;
}

/** Agents in some processes; what happens to one is asked for by its machine. */
export class Herd {
  readonly #children: ChildProcess[] = [];
  readonly #of = new Map<string, ChildProcess>();
  readonly #ports = new Map<string, (facts: { port: number; connected: boolean }) => void>();
  #all: (() => void)[] = [];
  #welcomed = 0;

  constructor(private readonly options: HerdOptions) {}

  /** Starts a process with these agents; `connected` tells when all have a session. */
  add(identities: readonly Identity[]): void {
    const { dir, prefix = [], connectPerSecond = 150 } = this.options;
    const file = join(dir, `herd-${this.#children.length}.json`);
    const { host, port, caPem, tlsKey } = this.options;
    writeFileSync(file, JSON.stringify({ host, port, caPem, tlsKey, identities, connectPerSecond }), { mode: 0o600 });
    const [program = '', ...args] = [
      ...prefix,
      process.execPath,
      join(root, 'scripts/run-ts.mjs'),
      join(root, 'test/bench/fleet/worker.ts'),
      file,
    ];
    const child = spawn(program, args, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#children.push(child);
    for (const { machineId } of identities) this.#of.set(machineId, child);
    createInterface({ input: child.stdout }).on('line', (line) => this.#heard(line));
  }

  #heard(line: string): void {
    const said = JSON.parse(line) as { all?: true; port?: number; machineId?: string; connected?: boolean }; // by worker.ts
    if (said.all === true) {
      this.#welcomed += 1;
      if (this.#welcomed >= this.#children.length) for (const resolve of this.#all.splice(0)) resolve();
    }
    if (said.machineId === undefined) return;
    this.#ports.get(said.machineId)?.({ port: said.port ?? 0, connected: said.connected ?? false });
    this.#ports.delete(said.machineId);
  }

  async connected(timeoutMs: number): Promise<void> {
    if (this.#welcomed >= this.#children.length) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`not all agents had a session within ${timeoutMs / 1000} s`)),
        timeoutMs,
      );
    });
    await Promise.race([new Promise<void>((resolve) => this.#all.push(resolve)), late]);
    clearTimeout(timer);
  }

  /** Kills the connection of one agent by a reset. */
  reset(machineId: string): void {
    this.#of.get(machineId)?.stdin?.write(`${JSON.stringify({ do: 'reset', machineId })}\n`);
  }

  /** Local port of the machine's connection now. */
  port(machineId: string): Promise<{ port: number; connected: boolean }> {
    return new Promise((resolve) => {
      this.#ports.set(machineId, resolve);
      this.#of.get(machineId)?.stdin?.write(`${JSON.stringify({ do: 'port', machineId })}\n`);
    });
  }

  get pids(): number[] {
    return this.#children.flatMap(({ pid }) => pid ?? []);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map(end));
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.stdin?.write(`${JSON.stringify({ do: 'stop' })}\n`);
  const late = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(late);
}
