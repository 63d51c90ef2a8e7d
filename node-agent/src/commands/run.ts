import { toFlotillaError } from '@flotilla/kit';
import { runAgent } from '../compose.js';
import { jsonLogger } from '../log.js';
import { withHardware } from '../observe/hardware.js';
import { exitCodes, type Command, type CommandPorts } from './command.js';
import { readStatus } from './read-status.js';

/** The daemon, as systemd starts it. */
export const run: Command = {
  name: 'run',
  summary: 'run the agent (systemd does this)',
  about: '',
  flags: [],
  hidden: true,
  async run(_args, ports) {
    const log = jsonLogger(ports.tell, ports.clock);
    try {
      await runAgent({ ...ports, log, inventory: (facts) => withHardware(ports.host, facts) }, ports.signal);
      return exitCodes.done;
    } catch (error) {
      const { code, message, remedy } = toFlotillaError(error);
      log.error({ code, err: error }, 'flotilla-agent cannot go on');
      await writeFatal(ports, { code, message, remedy });
      return exitCodes.failed;
    }
  },
};

/** So that `flotilla-agent status` can say why there is no agent. */
async function writeFatal(
  { host, places, clock }: CommandPorts,
  fatal: { code: string; message: string; remedy: string },
): Promise<void> {
  const before = await readStatus(host, places.stateDir).catch(() => undefined);
  if (before === undefined) return;
  const text = JSON.stringify({ ...before, fatal, writtenMs: clock.now().wallMs });
  await host.writeAtomic(`${places.stateDir}/status.json`, `${text}\n`, 0o600).catch(() => undefined);
}
