import { FlotillaError, type Logger } from '@flotilla/kit';
import { MachineFacts } from '@flotilla/proto';
import { exitCodes, type Command, type CommandPorts } from './command.js';

const childTimeoutMs = 30_000;

/** The little of systeminformation that we use. */
interface Inventory {
  readonly virtualization: string;
  readonly manufacturer: string;
  readonly model: string;
}

/** Cloud providers by what their firmware calls itself. */
const providers: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/amazon/i, 'aws'],
  [/google/i, 'gcp'],
  [/microsoft/i, 'azure'],
  [/digitalocean/i, 'digitalocean'],
  [/hetzner/i, 'hetzner'],
  [/scaleway/i, 'scaleway'],
  [/openstack/i, 'openstack'],
  [/oraclecloud/i, 'oracle'],
  [/ovh/i, 'ovh'],
];

/** Facts with what the inventory adds; the manufacturer tells the cloud, nothing outside is asked. */
export function addInventory(facts: MachineFacts, { virtualization, manufacturer, model }: Inventory): MachineFacts {
  const provider = providers.find(([pattern]) => pattern.test(`${manufacturer} ${model}`))?.[1] ?? '';
  return MachineFacts.create({
    ...facts,
    virtualization,
    cloudProvider: provider,
    // On AWS and Google the product name is the instance type.
    instanceType: provider === 'aws' ? model : '',
  });
}

/** Hidden: prints the inventory. A process of its own, because the library starts many programs and blocks. */
export const inventory: Command = {
  name: 'inventory',
  summary: 'print what takes long to find out about this host',
  about: '',
  flags: [],
  hidden: true,
  async run(_args, { print }) {
    const { system } = await import('systeminformation');
    const found = await system();
    const result: Inventory = {
      virtualization: found.virtual ? (found.virtualHost ?? 'unknown') : '',
      manufacturer: found.manufacturer,
      model: found.model,
    };
    print(`${JSON.stringify(result)}\n`);
    return exitCodes.done;
  },
};

/** Runs the inventory in a short-lived child; without it the other facts are told alone. */
export function withInventory(
  { host, self }: CommandPorts,
  log: Logger,
): (facts: MachineFacts) => Promise<MachineFacts> {
  return async (facts) => {
    const result = await host.run([...self, 'inventory'], { timeoutMs: childTimeoutMs });
    try {
      if (result.exitCode !== 0) throw new FlotillaError('INVENTORY_FAILED', result.stderr.slice(-500));
      return addInventory(facts, JSON.parse(result.stdout) as Inventory); // printed by the command above
    } catch (error) {
      log.warn({ err: error }, 'the inventory could not be read');
      return facts;
    }
  };
}
