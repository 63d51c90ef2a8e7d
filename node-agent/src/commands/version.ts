import { agentVersion } from '../config.js';
import { exitCodes, type Command } from './command.js';

export const version: Command = {
  name: 'version',
  summary: 'print the version of the agent and of its runtime',
  about: '',
  flags: [],
  run(_args, { print }) {
    print(`flotilla-agent ${agentVersion}, node ${process.version}\n`);
    return Promise.resolve(exitCodes.done);
  },
};
