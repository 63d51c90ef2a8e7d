import type { Commands } from './command.js';
import { dryRun, groups, name, noHeaders, output } from './common.js';
import type { ArgumentSpec } from './types.js';

const contextName: ArgumentSpec = { name: 'name', help: 'name of the context', complete: 'context' };

/** Commands about who we are, where, and how others get in. */
export const accessCommands = {
  login: {
    group: groups.access,
    summary: 'use the key that a server wrote at its first start',
    arguments: [],
    options: [
      {
        name: 'from',
        kind: 'text',
        value: 'file',
        help: 'admin.json of the server (default: $FLOTILLA_ADMIN_FILE)',
        complete: 'file',
      },
      { name: 'name', kind: 'text', value: 'name', help: "name of the context (default: the server's host)" },
    ],
    examples: ['flotilla login --from admin.json'],
    load: async () => (await import('../commands/login.js')).login,
  },
  whoami: {
    group: groups.access,
    summary: 'who the server takes you for',
    arguments: [],
    options: [output],
    examples: ['flotilla whoami'],
    load: async () => (await import('../commands/whoami.js')).whoami,
  },
  kubeconfig: {
    group: groups.access,
    summary: 'a short-lived kubeconfig for your role: printed, or merged into yours',
    arguments: [{ name: 'cluster', optional: true, help: 'name or id (default: the only one)', complete: 'cluster' }],
    options: [
      { name: 'merge', kind: 'flag', help: 'into $KUBECONFIG or ~/.kube/config, with a backup beside it' },
      { name: 'set-current', kind: 'flag', help: 'with --merge: make it the current context' },
      { name: 'force', kind: 'flag', help: 'with --merge: replace an entry of that name for another server' },
      { name: 'name', kind: 'text', value: 'name', help: 'name of the entries (default: flotilla-<cluster>)' },
      { name: 'ttl', kind: 'duration', value: 'duration', help: 'valid for (default: 8h, at most 24h)' },
    ],
    examples: ['flotilla kubeconfig demo > demo.yaml', 'flotilla kubeconfig demo --merge --set-current'],
    load: async () => (await import('../commands/kubeconfig.js')).kubeconfig,
  },
  'config contexts': {
    group: groups.access,
    summary: 'the servers you know',
    arguments: [],
    options: [output, noHeaders],
    examples: ['flotilla config contexts'],
    load: async () => (await import('../commands/config.js')).listContexts,
  },
  'config current-context': {
    group: groups.access,
    summary: 'the one that is used',
    arguments: [],
    options: [],
    examples: ['flotilla config current-context'],
    load: async () => (await import('../commands/config.js')).currentContext,
  },
  'config use-context': {
    group: groups.access,
    summary: 'use another one from now on',
    arguments: [contextName],
    options: [],
    examples: ['flotilla config use-context fleet.example.org'],
    load: async () => (await import('../commands/config.js')).useContext,
  },
  'config delete-context': {
    group: groups.access,
    summary: 'forget one; its key stays valid',
    arguments: [contextName],
    options: [],
    examples: ['flotilla config delete-context old.example.org'],
    load: async () => (await import('../commands/config.js')).deleteContext,
  },
  'api-key create': {
    group: groups.access,
    summary: 'a key for a person or a script; shown once',
    arguments: [name],
    options: [
      {
        name: 'role',
        kind: 'text',
        value: 'role',
        choices: ['reader', 'member', 'admin', 'instance-admin'],
        required: true,
        help: 'what it may do',
      },
      { name: 'ttl', kind: 'duration', value: 'duration', help: 'valid for (default: 90d, at most 366d)' },
      dryRun,
      output,
    ],
    examples: ['flotilla api-key create ci --role member --ttl 30d'],
    load: async () => (await import('../commands/api-key/create.js')).createApiKey,
  },
  'api-key list': {
    group: groups.access,
    summary: 'keys of the project',
    arguments: [],
    options: [output, noHeaders],
    examples: ['flotilla api-key list'],
    load: async () => (await import('../commands/list.js')).listOf('api-key'),
  },
  'api-key revoke': {
    group: groups.access,
    summary: 'end a key at once',
    arguments: [{ name: 'name', help: 'name or id of the key', complete: 'api-key' }],
    options: [dryRun, output],
    examples: ['flotilla api-key revoke ci'],
    load: async () => (await import('../commands/api-key/revoke.js')).revokeApiKey,
  },
  completion: {
    group: groups.access,
    summary: 'completion for your shell',
    arguments: [{ name: 'shell', help: 'which shell', choices: ['bash', 'zsh', 'fish'] }],
    options: [],
    examples: [
      'source <(flotilla completion bash)',
      'flotilla completion fish > ~/.config/fish/completions/flotilla.fish',
    ],
    load: async () => (await import('../commands/completion.js')).completion,
  },
  __complete: {
    group: groups.access,
    summary: 'candidates for the last word, one per line',
    hidden: true,
    arguments: [{ name: 'words', variadic: true, optional: true, help: 'the line so far' }],
    options: [],
    examples: [],
    load: async () => (await import('../commands/completion.js')).complete,
  },
} as const satisfies Commands;
