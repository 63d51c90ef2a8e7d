import { spawn, spawnSync, type ChildProcess } from 'node:child_process';

const name = 'flotilla-bench';
export const serverAddress = '10.213.0.1';
export const agentAddress = '10.213.0.2';
/** One address per member of the peer's group, in the same namespace. */
export const memberAddress = (i: number): string => `10.213.1.${i + 1}`;
export const membersMax = 200;

/** Puts a command into the namespace. */
export const inside = ['ip', 'netns', 'exec', name];

function must(argv: readonly string[], input = ''): void {
  const [program = '', ...args] = argv;
  const { status, stderr } = spawnSync(program, args, { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`);
}

/** A namespace with a cable to this one. What its table names is dropped, both ways. */
export function makeNamespace(): void {
  removeNamespace();
  must(['ip', 'netns', 'add', name]);
  must(['ip', 'link', 'add', 'flt-bench0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
  must(['ip', 'address', 'add', `${serverAddress}/16`, 'dev', 'flt-bench0']);
  must(['ip', 'link', 'set', 'flt-bench0', 'up']);
  must([...inside, 'ip', 'link', 'set', 'lo', 'up']);
  must([...inside, 'ip', 'address', 'add', `${agentAddress}/16`, 'dev', 'eth0']);
  for (let i = 0; i < membersMax; i += 1)
    must([...inside, 'ip', 'address', 'add', `${memberAddress(i)}/16`, 'dev', 'eth0']);
  must([...inside, 'ip', 'link', 'set', 'eth0', 'up']);
  must([...inside, 'sysctl', '-qw', 'net.ipv4.ip_local_port_range=10000 60999']);
  // Members talk to each other over lo. Theirs is dropped on arrival only: a send that the kernel refuses is no lost packet.
  must(
    [...inside, 'nft', '-f', '-'],
    `table ip cut {
  set ports { type inet_service; }
  set members { type ipv4_addr; }
  chain in { type filter hook input priority 0; tcp dport @ports drop; ip daddr @members drop; ip saddr @members drop; }
  chain out { type filter hook output priority 0; tcp sport @ports drop; }
}
`,
  );
}

export function removeNamespace(): void {
  spawnSync('ip', ['netns', 'delete', name]);
  // The cable goes with the namespace, a moment later.
  spawnSync('ip', ['link', 'delete', 'flt-bench0']);
}

/** The injector: one nft that stays, so that a cut is one line and some milliseconds. */
export class Injector {
  readonly #nft: ChildProcess = spawn('ip', ['netns', 'exec', name, 'nft', '-i'], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });

  /** Gives the time, in epoch ms, just before the packets end. */
  cut(set: 'ports' | 'members', element: string | number): number {
    const atMs = performance.timeOrigin + performance.now();
    this.#nft.stdin?.write(`add element ip cut ${set} { ${element} }\n`);
    return atMs;
  }

  heal(set: 'ports' | 'members', element: string | number): void {
    this.#nft.stdin?.write(`delete element ip cut ${set} { ${element} }\n`);
  }

  stop(): void {
    this.#nft.stdin?.end();
    this.#nft.kill();
  }
}
