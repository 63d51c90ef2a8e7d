import type { Commands } from './command.js';
import { cluster, dryRun, groups, output, timeout, yes } from './common.js';
import type { ArgumentSpec, OptionSpec } from './types.js';

const clusterName: ArgumentSpec = { name: 'name', help: 'name or id of the cluster', complete: 'cluster' };
const poolName: ArgumentSpec = { name: 'name', help: 'name or id of the pool', complete: 'pool' };
const machineName: ArgumentSpec = { name: 'name', help: 'name or id of the machine', complete: 'machine' };
const wait: OptionSpec = { name: 'wait', kind: 'flag', help: 'wait until it is gone' };

/** Commands that change or remove what is there. */
export const changeCommands = {
  'scale pool': {
    group: groups.change,
    summary: 'another size for a pool',
    arguments: [poolName],
    options: [
      { name: 'size', kind: 'whole', value: 'count', help: 'how many nodes are wanted' },
      { name: 'open', kind: 'flag', help: 'no size: who enrolls for the pool joins it' },
      cluster,
      dryRun,
      output,
    ],
    examples: ['flotilla scale pool workers --size 5'],
    load: async () => (await import('../commands/scale.js')).scalePool,
  },
  'delete cluster': {
    group: groups.change,
    summary: 'delete a cluster; the machines stay, clean',
    arguments: [clusterName],
    options: [yes, wait, timeout, dryRun, output],
    examples: ['flotilla delete cluster demo --wait'],
    load: async () => (await import('../commands/delete.js')).deleteCluster,
  },
  'delete pool': {
    group: groups.change,
    summary: 'delete a pool; the machines stay, clean',
    arguments: [poolName],
    options: [cluster, yes, wait, timeout, dryRun, output],
    examples: ['flotilla delete pool batch'],
    load: async () => (await import('../commands/delete.js')).deletePool,
  },
  'delete machine': {
    group: groups.change,
    summary: 'retire a machine: its identity is revoked',
    arguments: [machineName],
    options: [yes, wait, timeout, dryRun, output],
    examples: ['flotilla delete machine edge-7'],
    load: async () => (await import('../commands/delete.js')).deleteMachine,
  },
  'delete project': {
    group: groups.change,
    summary: 'delete a project with its clusters (instance administrators)',
    arguments: [{ name: 'name', help: 'name or id of the project', complete: 'project' }],
    options: [yes, wait, timeout, dryRun, output],
    examples: ['flotilla delete project shop'],
    load: async () => (await import('../commands/delete.js')).deleteProject,
  },
} as const satisfies Commands;
