import { goals } from '../resources/goals.js';
import type { Commands } from './command.js';
import { cluster, filter, groups, noHeaders, output, selector, sort, timeout, watch } from './common.js';
import type { ArgumentSpec, OptionSpec } from './types.js';

const type: ArgumentSpec = {
  name: 'type',
  variadic: true,
  help: 'TYPE, TYPE NAME …, or TYPE/NAME …',
  complete: 'noun',
};
const pool: OptionSpec = {
  name: 'pool',
  kind: 'text',
  value: 'name',
  help: 'only nodes of this pool',
  complete: 'pool',
};
const showDeleted: OptionSpec = { name: 'show-deleted', kind: 'flag', help: 'also nodes that have left' };

/** Commands that change nothing. */
export const lookCommands = {
  get: {
    group: groups.look,
    summary: 'list things, or show some by name',
    about: 'TYPE is one of the types below, in singular, plural or short form.',
    arguments: [type],
    options: [output, watch, selector, filter, sort, cluster, pool, showDeleted, noHeaders],
    examples: [
      'flotilla get nodes',
      'flotilla get node edge-7 -w',
      'flotilla get machines -l rack=12 -o wide',
      "flotilla get nodes --filter 'state = RUNNING' --sort 'create_time desc'",
      "flotilla get pools -o jsonpath='{.items[*].meta.name}'",
    ],
    load: async () => (await import('../commands/get.js')).get,
  },
  describe: {
    group: groups.look,
    summary: 'explain things: what was seen, decided and done, and what you can do',
    about: 'TYPE is one of the types below, in singular, plural or short form.',
    arguments: [type],
    options: [selector, filter, sort, cluster, pool, showDeleted],
    examples: ['flotilla describe node rack-12', 'flotilla describe pool workers'],
    load: async () => (await import('../commands/describe.js')).describe,
  },
  events: {
    group: groups.look,
    summary: 'what happened, oldest first',
    arguments: [{ name: 'thing', optional: true, help: 'TYPE/NAME; everything when left out', complete: 'noun/name' }],
    options: [
      output,
      watch,
      { name: 'limit', kind: 'whole', value: 'count', help: 'how many of the last ones (default: 500)' },
      noHeaders,
    ],
    examples: ['flotilla events -w', 'flotilla events node/edge-7'],
    load: async () => (await import('../commands/events.js')).events,
  },
  wait: {
    group: groups.look,
    summary: 'wait until things are as wanted, showing each phase as it passes',
    about:
      "What does not exist yet is waited for. GOAL is one of ready, running, provisioned, healthy, updated, connected, available, cordoned, drained, deleted; condition=TYPE[=STATUS]; or jsonpath='{.status.x}'=VALUE. Exit code 4 when the time is over, 1 as soon as a person has to act.",
    arguments: [{ name: 'things', variadic: true, help: 'TYPE/NAME', complete: 'noun/name' }],
    options: [
      {
        name: 'for',
        kind: 'text',
        value: 'goal',
        suggests: [...goals, 'condition=', 'jsonpath='],
        required: true,
        help: 'what to wait for',
      },
      timeout,
      cluster,
    ],
    examples: [
      'flotilla wait node/edge-7 --for ready --timeout 5m',
      'flotilla wait cluster/demo --for deleted',
      "flotilla wait pool/workers --for jsonpath='{.status.nodesRunning}'=3",
    ],
    load: async () => (await import('../commands/wait.js')).wait,
  },
  version: {
    group: groups.look,
    summary: 'version of this command and of the server',
    arguments: [],
    options: [{ name: 'client', kind: 'flag', help: 'this command only' }, output],
    examples: ['flotilla version --client'],
    load: async () => (await import('../commands/version.js')).version,
  },
} as const satisfies Commands;
