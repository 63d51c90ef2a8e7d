import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { SimulatedAgent } from './agent.js';
import type { Identity } from './enroll.js';

/** Read from the file that is the first argument. */
interface Plan {
  readonly host: string;
  readonly port: number;
  readonly caPem: string;
  readonly tlsKey: string;
  readonly identities: readonly Identity[];
  readonly connectPerSecond: number;
}

/** A command on standard input, one line of JSON each. */
type Command = { readonly do: 'reset' | 'port'; readonly machineId: string } | { readonly do: 'stop' };

const plan = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Plan; // written by herd.ts
let connected = 0;
const say = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

const agents = new Map(
  plan.identities.map((identity) => {
    const { host, port, caPem, tlsKey } = plan;
    const onState = (now: boolean): void => {
      connected += now ? 1 : -1;
      if (connected === plan.identities.length) say({ all: true });
    };
    const target = { host, port, ca: caPem };
    return [identity.machineId, new SimulatedAgent({ target, tlsKey, identity, onState })] as const;
  }),
);

for (const [i, agent] of [...agents.values()].entries())
  setTimeout(() => void agent.start(), (i * 1000) / plan.connectPerSecond);

createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line) as Command; // written by herd.ts
  if (command.do === 'stop') {
    for (const agent of agents.values()) agent.close();
    process.exit(0);
  }
  const agent = agents.get(command.machineId);
  if (command.do === 'reset') agent?.reset();
  else say({ port: agent?.localPort ?? 0, machineId: command.machineId, connected: agent?.connected ?? false });
});
// The bench that started this is gone: so is this.
process.stdin.on('end', () => process.exit(0));
