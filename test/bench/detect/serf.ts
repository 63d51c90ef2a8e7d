import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { mkdirSync } from 'node:fs';
import { debianProgram } from '../scale/etcd.js';
import { inside, memberAddress, type Injector } from './namespace.js';
import type { Round } from './ours.js';

const port = 7946;
const waitMs = 60_000;

/** A group of serf agents; the first is asked what it sees and never cut. */
export class SerfGroup {
  readonly #children: ChildProcess[] = [];
  readonly #waiting = new Map<string, (atMs: number) => void>();
  readonly #back = new Map<string, () => void>();
  #joined = 0;
  wrong = 0;

  constructor(
    private readonly dir: string,
    readonly size: number,
  ) {}

  async start(): Promise<void> {
    const serf = debianProgram('serf', 'usr/bin/serf');
    mkdirSync(this.dir, { recursive: true });
    for (let i = 0; i < this.size; i += 1) {
      const args = ['agent', `-node=s${i}`, `-bind=${memberAddress(i)}:${port}`, `-rpc-addr=127.0.0.1:${20_000 + i}`];
      const join0 = i === 0 ? [] : [`-join=${memberAddress(0)}:${port}`];
      const [program = '', ...words] = [...inside, serf, ...args, ...join0, '-log-level=err'];
      this.#children.push(spawn(program, words, { stdio: 'ignore' }));
      if (i === 0) await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    const [program = '', ...words] = [...inside, serf, 'monitor', '-rpc-addr=127.0.0.1:20000', '-log-level=info'];
    const monitor = spawn(program, words, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#children.push(monitor);
    createInterface({ input: monitor.stdout }).on('line', (line) => this.#heard(line));
    const endMs = performance.now() + waitMs;
    const count = [...inside, serf, 'members', '-rpc-addr=127.0.0.1:20000', '-status=alive'];
    while (this.#joined < this.size) {
      if (performance.now() > endMs) throw new Error(`only ${this.#joined} of ${this.size} serf agents joined`);
      this.#joined = await lines(count);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }

  #heard(line: string): void {
    const [, what, member = ''] = /serf: Event(MemberFailed|MemberJoin): (s\d+) /.exec(line) ?? [];
    if (what === 'MemberJoin') this.#back.get(member)?.();
    if (what !== 'MemberFailed') return;
    const told = this.#waiting.get(member);
    this.#waiting.delete(member);
    if (told === undefined) this.wrong += 1;
    else told(performance.timeOrigin + performance.now());
  }

  /** Cuts each of the victims at its own moment of the window and heals it again. */
  async round(injector: Injector, count: number, windowMs: number): Promise<Round> {
    const wrongBefore = this.wrong;
    const victims = Array.from({ length: count }, (_, i) => 1 + (i % (this.size - 1)));
    const results = await Promise.all(
      victims.map(async (i) => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * windowMs));
        const told = once(this.#waiting, `s${i}`, waitMs);
        const back = once(this.#back, `s${i}`, waitMs);
        const cutMs = injector.cut('members', memberAddress(i));
        const failedMs = await told;
        injector.heal('members', memberAddress(i));
        await back;
        return failedMs === undefined ? undefined : { kind: 'blackhole' as const, ms: failedMs - cutMs };
      }),
    );
    const detections = results.filter((each) => each !== undefined);
    return { detections, missed: count - detections.length, wrong: this.wrong - wrongBefore };
  }

  stop(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }
}

function once(map: Map<string, (atMs: number) => void>, key: string, timeoutMs: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(undefined), timeoutMs);
    map.set(key, (atMs) => {
      clearTimeout(late);
      map.delete(key);
      resolve(atMs);
    });
  });
}

function lines(argv: readonly string[]): Promise<number> {
  const [program = '', ...args] = argv;
  return new Promise((resolve) => {
    let text = '';
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    child.on('close', () => resolve(text.split('\n').filter((line) => line.includes('alive')).length));
  });
}
