import { runAgent } from '../compose.js';
import { jsonLogger } from '../log.js';
import { withInventory } from './inventory.js';
import { exitCodes, type Command } from './command.js';

/** The daemon, as systemd starts it. */
export const run: Command = {
  name: 'run',
  summary: 'run the agent (systemd does this)',
  about: '',
  flags: [],
  hidden: true,
  async run(_args, ports) {
    const log = jsonLogger(ports.tell, ports.clock);
    const inventory = withInventory(ports, log);
    await runAgent({ ...ports, log, inventory }, ports.signal);
    return exitCodes.done;
  },
};
