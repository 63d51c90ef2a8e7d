import type { Commands } from './command.js';
import { cluster, dryRun, groups, manifestFile, yes } from './common.js';

const kinds = 'Project, Cluster, NodePool, Machine and Member';

/** Commands that work on manifests and labels. */
export const writeCommands = {
  apply: {
    group: groups.make,
    summary: 'create or change what YAML files say',
    about: `Files hold documents of kind ${kinds}, in the form that \`flotilla get -o yaml\` prints. Everything is checked first; when anything is wrong, nothing is applied. Only the fields that are written are changed. Tokens and API keys are not manifests: their secrets are shown once.`,
    arguments: [],
    options: [manifestFile, dryRun],
    examples: ['flotilla apply -f pool.yaml', 'flotilla get pool workers -o yaml | flotilla apply -f -'],
    load: async () => (await import('../commands/apply.js')).apply,
  },
  diff: {
    group: groups.make,
    summary: 'what apply would change; exit code 1 when there is anything',
    arguments: [],
    options: [manifestFile],
    examples: ['flotilla diff -f pool.yaml'],
    load: async () => (await import('../commands/diff.js')).diff,
  },
  edit: {
    group: groups.change,
    summary: 'change a thing in your editor',
    about:
      'The editor is $FLOTILLA_EDITOR, $VISUAL or $EDITOR, else vi. What is wrong comes back as comments at the top; nothing you wrote is lost.',
    arguments: [{ name: 'type', variadic: true, help: 'TYPE NAME, or TYPE/NAME', complete: 'noun' }],
    options: [cluster],
    examples: ['flotilla edit pool workers'],
    load: async () => (await import('../commands/edit.js')).edit,
  },
  label: {
    group: groups.change,
    summary: 'set labels, or take them away with key-',
    about: 'For machines, pools, clusters and projects. Nodes get the labels of their pool: see --nodes.',
    arguments: [
      { name: 'type', help: 'machine, pool, cluster or project', complete: 'noun' },
      { name: 'name', help: 'its name or id', complete: 'name-of-noun' },
      { name: 'labels', variadic: true, help: 'key=value, or key- to take one away' },
    ],
    options: [
      { name: 'overwrite', kind: 'flag', help: 'replace a value that is there' },
      { name: 'nodes', kind: 'flag', help: 'with a pool: the Kubernetes labels of its nodes' },
      cluster,
      dryRun,
    ],
    examples: [
      'flotilla label machine edge-7 rack=12 old-',
      'flotilla label pool workers tier=web --nodes --overwrite',
    ],
    load: async () => (await import('../commands/label.js')).label,
  },
  'delete manifests': {
    group: groups.change,
    summary: 'delete what YAML files name (the word may be left out)',
    arguments: [],
    options: [manifestFile, yes, dryRun],
    examples: ['flotilla delete -f pool.yaml'],
    byDefault: true,
    load: async () => (await import('../commands/delete-manifests.js')).deleteManifests,
  },
} as const satisfies Commands;
