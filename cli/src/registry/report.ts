import type { Commands } from './command.js';
import { groups, noHeaders, output } from './common.js';

/** Commands that tell stories and gather evidence. */
export const reportCommands = {
  logs: {
    group: groups.help,
    summary: 'the story of a thing: everything that happened to it, oldest first',
    about: 'The story of a node has that of its machine in it, and the other way round.',
    arguments: [{ name: 'thing', variadic: true, help: 'TYPE/NAME, or TYPE NAME', complete: 'noun' }],
    options: [
      { name: 'follow', short: 'f', kind: 'flag', help: 'go on as it goes on' },
      { name: 'since', kind: 'duration', value: 'duration', help: 'only the last 2h, for example' },
      output,
    ],
    examples: ['flotilla logs node/bravo', 'flotilla logs pool workers --since 2h'],
    load: async () => (await import('../commands/logs.js')).logs,
  },
  audit: {
    group: groups.help,
    summary: 'who did what, and which rule decided what, oldest first',
    about: 'A Member sees its own actions, an Admin all of the project.',
    arguments: [],
    options: [
      { name: 'actor', kind: 'text', value: 'name', help: 'only what this one did, for example api-key:ci' },
      { name: 'limit', kind: 'whole', value: 'count', help: 'how many of the last ones (default: 100)' },
      output,
      noHeaders,
    ],
    examples: ['flotilla audit --actor api-key:bootstrap --limit 20'],
    load: async () => (await import('../commands/audit.js')).audit,
  },
  doctor: {
    group: groups.help,
    summary: 'check the way from here to a healthy server, each trouble with its cure',
    arguments: [],
    options: [output],
    examples: ['flotilla doctor'],
    load: async () => (await import('../commands/doctor.js')).doctor,
  },
  'support-bundle': {
    group: groups.help,
    summary: 'one file with what an engineer needs to help; no secrets in it',
    arguments: [],
    options: [
      {
        name: 'file',
        short: 'f',
        kind: 'text',
        value: 'file',
        help: 'where to write it (default: flotilla-support-<time>.tar.gz)',
        complete: 'file',
      },
    ],
    examples: ['flotilla support-bundle -f support.tar.gz'],
    load: async () => (await import('../commands/support-bundle.js')).supportBundle,
  },
} as const satisfies Commands;
