import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { dirname, join } from 'node:path';
import { cacheDir } from '../testbed/index.js';
import { run, runOk, type Finished } from './process.js';

export interface ControlPlanePlace {
  /** Root of the checkout. */
  readonly root: string;
  /** `.flotilla/quickstart`: data, log, pid, CLI contexts. */
  readonly dir: string;
  /** As machines reach it. */
  readonly publicUrl: string;
  readonly listen: string;
}

/** The control plane as a process of its own, which outlives this one, and the CLI towards it. */
export class ControlPlane {
  readonly #place: ControlPlanePlace;

  constructor(place: ControlPlanePlace) {
    this.#place = place;
  }

  get dataDir(): string {
    return join(this.#place.dir, 'data');
  }

  get logFile(): string {
    return join(this.#place.dir, 'flotilla-server.log');
  }

  get #pidFile(): string {
    return join(this.#place.dir, 'flotilla-server.pid');
  }

  /** Pid of the running server, proven to be ours by its program; undefined when it does not run. */
  pid(): number | undefined {
    if (!existsSync(this.#pidFile)) return undefined;
    const pid = Number(readFileSync(this.#pidFile, 'utf8'));
    try {
      const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return argv.includes('flotilla-server') && readlinkSync(`/proc/${pid}/cwd`) === this.#place.root
        ? pid
        : undefined;
    } catch {
      return undefined;
    }
  }

  /** Starts the server unless it runs, and waits until it says it is ready. */
  async start(timeoutMs = 60_000): Promise<void> {
    if (this.pid() === undefined) {
      mkdirSync(this.#place.dir, { recursive: true, mode: 0o700 });
      const log = openSync(this.logFile, 'a', 0o600);
      const argv = [
        join(this.#place.root, 'control-plane/dist/flotilla-server.mjs'),
        'run',
        '--data-dir',
        this.dataDir,
        '--listen',
        this.#place.listen,
        '--build-cache-dir',
        join(dirname(cacheDir()), 'artifacts'),
        '--public-url',
        this.#place.publicUrl,
      ];
      const child = spawn(process.execPath, argv, {
        cwd: this.#place.root,
        detached: true,
        stdio: ['ignore', log, log],
      });
      closeSync(log);
      if (child.pid === undefined) throw new Error(`flotilla-server could not be started: ${argv.join(' ')}`);
      writeFileSync(this.#pidFile, String(child.pid));
      child.unref();
    }
    const endMs = performance.now() + timeoutMs;
    while (!(await isReady(this.#place.publicUrl))) {
      if (this.pid() === undefined) throw new Error(`flotilla-server ended:\n${this.lastWords()}`);
      if (performance.now() > endMs)
        throw new Error(`flotilla-server is not ready after ${timeoutMs / 1000} s:\n${this.lastWords()}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  lastWords(): string {
    return existsSync(this.logFile)
      ? readFileSync(this.logFile, 'utf8').trim().split('\n').slice(-15).join('\n')
      : '(no log)';
  }

  /** Stops the server and waits until it is gone; `signal` SIGKILL for a crash. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const pid = this.pid();
    if (pid !== undefined) {
      process.kill(pid, signal);
      const endMs = performance.now() + 20_000;
      while (this.pid() !== undefined) {
        if (performance.now() > endMs) process.kill(pid, 'SIGKILL');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    rmSync(this.#pidFile, { force: true });
  }

  /** Environment in which `flotilla` talks to this control plane. */
  get cliEnv(): NodeJS.ProcessEnv {
    return { ...process.env, FLOTILLACONFIG: join(this.#place.dir, 'config'), NO_COLOR: '1' };
  }

  /** Runs `flotilla …`; an exit code other than 0 is an error. Gives its standard output. */
  async flotilla(args: readonly string[], onLine?: (line: string) => void): Promise<string> {
    return runOk(this.#argv(args), {
      env: this.cliEnv,
      timeoutMs: 1_800_000,
      ...(onLine === undefined ? {} : { onLine }),
    });
  }

  /** Runs `flotilla …` whatever the exit code. */
  async tryFlotilla(args: readonly string[]): Promise<Finished> {
    return run(this.#argv(args), { env: this.cliEnv });
  }

  #argv(args: readonly string[]): string[] {
    return [process.execPath, join(this.#place.root, 'cli/dist/flotilla.cjs'), ...args];
  }

  /** Makes the first key of the server the CLI's context. */
  async login(): Promise<void> {
    await this.flotilla(['login', '--from', join(this.dataDir, 'admin.json')]);
  }
}

/** Readiness as a load balancer would ask for it; the certificate is checked by the CLI, not here. */
function isReady(publicUrl: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = request(`${publicUrl}/readyz`, { rejectUnauthorized: false, timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    probe.on('error', () => resolve(false));
    probe.on('timeout', () => probe.destroy());
    probe.end();
  });
}
