import { accessCommands } from './registry/access.js';
import { changeCommands } from './registry/change.js';
import type { Commands } from './registry/command.js';
import { lookCommands } from './registry/look.js';
import { makeCommands } from './registry/make.js';
import { mirrorCommands } from './registry/mirror.js';
import { operateCommands } from './registry/operate.js';
import { reportCommands } from './registry/report.js';
import { writeCommands } from './registry/write.js';

/** Every command by its words. Parser, help and completion are made from this list, and from nothing else. */
export const commands: Commands = {
  ...lookCommands,
  ...makeCommands,
  ...writeCommands,
  ...changeCommands,
  ...operateCommands,
  ...reportCommands,
  ...mirrorCommands,
  ...accessCommands,
};

/** First words that only hold other commands, with what is said of them. */
export const families: Readonly<Record<string, string>> = {
  create: 'make a cluster, a pool or a project',
  token: 'tokens that let machines enroll',
  scale: 'change the size of a pool',
  retry: 'try again what is parked',
  remove: 'take a node out of its pool',
  delete: 'delete a cluster, a pool, a machine, a project, or what files name',
  replace: 'let another machine take the place of a node',
  quarantine: 'take a machine out of all pools',
  release: 'end a quarantine',
  pause: 'no repair for a while',
  resume: 'repair again',
  member: 'who else has a role in the project',
  artifacts: 'what nodes install, mirrored at the server',
  config: 'the servers you know: contexts',
  'api-key': 'keys of people and scripts',
};
