import type { Commands } from './command.js';
import { groups, noHeaders, output, progress } from './common.js';
import type { ArgumentSpec, OptionSpec } from './types.js';

const version: ArgumentSpec = { name: 'version', help: 'for example v1.34.4', complete: 'version' };
const arch: OptionSpec = {
  name: 'arch',
  kind: 'text',
  value: 'arch',
  choices: ['amd64', 'arm64'],
  help: "architecture (default: the server's own)",
};

/** Commands for the mirror that nodes install from. */
export const mirrorCommands = {
  'artifacts sync': {
    group: groups.mirror,
    summary: 'bring what a version needs into the mirror; goes on where it was cut',
    arguments: [version],
    options: [
      arch,
      {
        name: 'source',
        kind: 'text',
        value: 'name',
        choices: ['upstream', 'build'],
        help: 'release sites, or build from Go modules (default: as the server is configured)',
      },
      progress,
      output,
    ],
    examples: ['flotilla artifacts sync v1.34.4'],
    load: async () => (await import('../commands/artifacts/sync.js')).syncArtifacts,
  },
  'artifacts list': {
    group: groups.mirror,
    summary: 'what is in the mirror',
    arguments: [],
    options: [output, noHeaders],
    examples: ['flotilla artifacts list'],
    load: async () => (await import('../commands/artifacts/list.js')).listArtifacts,
  },
  'artifacts export': {
    group: groups.mirror,
    summary: 'one file with everything of a version, for a server without internet',
    arguments: [version],
    options: [
      { ...arch, help: 'architecture (default: all that are mirrored)' },
      {
        name: 'file',
        short: 'f',
        kind: 'text',
        value: 'file',
        help: 'where to write it (default: flotilla-<version>[-<arch>].tar)',
        complete: 'file',
      },
      progress,
    ],
    examples: ['flotilla artifacts export v1.34.4 -f bundle.tar'],
    load: async () => (await import('../commands/artifacts/bundle.js')).exportBundle,
  },
  'artifacts import': {
    group: groups.mirror,
    summary: 'put such a file into the mirror',
    arguments: [{ name: 'file', help: 'file written by export', complete: 'file' }],
    options: [progress],
    examples: ['flotilla artifacts import bundle.tar'],
    load: async () => (await import('../commands/artifacts/bundle.js')).importBundle,
  },
} as const satisfies Commands;
