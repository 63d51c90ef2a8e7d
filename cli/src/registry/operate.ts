import type { Commands } from './command.js';
import { cluster, drainTimeout, dryRun, force, groups, output, progress, yes } from './common.js';
import type { ArgumentSpec, OptionSpec } from './types.js';

const nodeName: ArgumentSpec = { name: 'name', help: 'name or id of the node', complete: 'node' };
const nodeNames: ArgumentSpec = { name: 'node', variadic: true, help: 'name or id of the node', complete: 'node' };
const machineName: ArgumentSpec = { name: 'name', help: 'name or id of the machine', complete: 'machine' };
const poolName: ArgumentSpec = { name: 'name', help: 'name or id of the pool', complete: 'pool' };
const clusterName: ArgumentSpec = { name: 'name', help: 'name or id of the cluster', complete: 'cluster' };
const pauseOptions: readonly OptionSpec[] = [
  { name: 'for', kind: 'duration', value: 'duration', help: 'how long (default: 2h, at most 7d)' },
  { name: 'why', kind: 'text', value: 'text', required: true, help: 'shown to everybody who wonders' },
];

/** Commands for nodes and machines that are in use. */
export const operateCommands = {
  cordon: {
    group: groups.operate,
    summary: 'keep new pods away from a node',
    arguments: [nodeNames],
    options: [cluster, dryRun, output],
    examples: ['flotilla cordon bravo'],
    load: async () => (await import('../commands/schedule.js')).cordon,
  },
  uncordon: {
    group: groups.operate,
    summary: 'let new pods come again; also ends a drain',
    arguments: [nodeNames],
    options: [cluster, dryRun, output],
    examples: ['flotilla uncordon bravo charlie'],
    load: async () => (await import('../commands/schedule.js')).uncordon,
  },
  drain: {
    group: groups.operate,
    summary: 'empty a node through the eviction API; it stays a node, cordoned',
    about:
      'Shows what is left and which pod and budget block. When the time is over it is parked, never forced without --force. Ctrl-C ends the showing, not the drain: flotilla uncordon ends that.',
    arguments: [nodeNames],
    options: [
      {
        name: 'timeout',
        kind: 'duration',
        value: 'duration',
        help: "how long pods may take (default: the pool's, 1h)",
      },
      force,
      { name: 'no-wait', kind: 'flag', help: 'ask for it, and do not watch' },
      progress,
      cluster,
      yes,
      dryRun,
      output,
    ],
    examples: ['flotilla drain bravo --timeout 15m'],
    load: async () => (await import('../commands/drain.js')).drain,
  },
  'replace node': {
    group: groups.operate,
    summary: 'let another machine take the place of a node; a spare first, where there is one',
    arguments: [nodeName],
    options: [drainTimeout, force, cluster, yes, dryRun, output],
    examples: ['flotilla replace node bravo'],
    load: async () => (await import('../commands/node.js')).replaceNode,
  },
  'remove node': {
    group: groups.operate,
    summary: 'take a node out; its machine is cleaned and goes back to Available',
    arguments: [nodeName],
    options: [
      {
        name: 'shrink',
        kind: 'flag',
        help: 'make a sized pool one smaller; otherwise another machine takes the place',
      },
      drainTimeout,
      force,
      cluster,
      yes,
      dryRun,
      output,
    ],
    examples: ['flotilla remove node edge-7 --shrink'],
    load: async () => (await import('../commands/node.js')).removeNode,
  },
  'retry node': {
    group: groups.operate,
    summary: 'try again what is parked: a phase, a drain or a repair',
    arguments: [nodeName],
    options: [cluster, dryRun, output],
    examples: ['flotilla retry node edge-7'],
    load: async () => (await import('../commands/node.js')).retryNode,
  },
  'quarantine machine': {
    group: groups.operate,
    summary: 'take a machine out of all pools until it is released',
    arguments: [machineName],
    options: [
      { name: 'reason', kind: 'text', value: 'text', required: true, help: 'shown beside the machine' },
      yes,
      dryRun,
      output,
    ],
    examples: ["flotilla quarantine machine rack-12 --reason 'fan is loud'"],
    load: async () => (await import('../commands/machine.js')).quarantineMachine,
  },
  'release machine': {
    group: groups.operate,
    summary: 'end a quarantine; a machine that was kept as it broke is cleaned first',
    arguments: [machineName],
    options: [yes, dryRun, output],
    examples: ['flotilla release machine rack-12'],
    load: async () => (await import('../commands/machine.js')).releaseMachine,
  },
  'pause pool': {
    group: groups.operate,
    summary: 'no repair in a pool for a while',
    arguments: [poolName],
    options: [...pauseOptions, cluster, dryRun, output],
    examples: ["flotilla pause pool workers --for 2h --why 'switch is changed'"],
    load: async () => (await import('../commands/pause.js')).pause('pool'),
  },
  'pause cluster': {
    group: groups.operate,
    summary: 'no repair in a cluster for a while',
    arguments: [clusterName],
    options: [...pauseOptions, dryRun, output],
    examples: ["flotilla pause cluster demo --why 'power test'"],
    load: async () => (await import('../commands/pause.js')).pause('cluster'),
  },
  'pause machine': {
    group: groups.operate,
    summary: 'no repair of a machine for a while',
    arguments: [machineName],
    options: [...pauseOptions, dryRun, output],
    examples: ["flotilla pause machine rack-12 --for 30m --why 'new disk'"],
    load: async () => (await import('../commands/pause.js')).pause('machine'),
  },
  'resume pool': {
    group: groups.operate,
    summary: 'repair in a pool again',
    arguments: [poolName],
    options: [cluster, dryRun, output],
    examples: ['flotilla resume pool workers'],
    load: async () => (await import('../commands/pause.js')).resume('pool'),
  },
  'resume cluster': {
    group: groups.operate,
    summary: 'repair in a cluster again',
    arguments: [clusterName],
    options: [dryRun, output],
    examples: ['flotilla resume cluster demo'],
    load: async () => (await import('../commands/pause.js')).resume('cluster'),
  },
  'resume machine': {
    group: groups.operate,
    summary: 'repair a machine again',
    arguments: [machineName],
    options: [dryRun, output],
    examples: ['flotilla resume machine rack-12'],
    load: async () => (await import('../commands/pause.js')).resume('machine'),
  },
} as const satisfies Commands;
