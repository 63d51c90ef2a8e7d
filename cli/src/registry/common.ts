import type { ArgumentSpec, OptionSpec } from './types.js';

/** Headings of `flotilla --help`, in order. */
export const groups = {
  look: 'Look',
  make: 'Make',
  change: 'Change and remove',
  operate: 'Operate',
  help: 'Understand and report',
  mirror: 'Mirror of artifacts',
  access: 'Access and set-up',
} as const;

/** Options of every command that talks to a server. */
export const globalOptions: readonly OptionSpec[] = [
  {
    name: 'context',
    kind: 'text',
    value: 'name',
    help: 'context to work in (default: the current one)',
    complete: 'context',
  },
  {
    name: 'project',
    kind: 'text',
    value: 'name',
    help: "project to work in (default: the context's)",
    complete: 'project',
  },
  { name: 'request-timeout', kind: 'duration', value: 'duration', help: 'longest wait for one answer (default: 30s)' },
  { name: 'no-color', kind: 'flag', help: 'no colours (also: NO_COLOR)' },
];

export const output: OptionSpec = {
  name: 'output',
  short: 'o',
  kind: 'text',
  value: 'format',
  help: 'wide, json, yaml, name or jsonpath=<template>',
};
export const watch: OptionSpec = { name: 'watch', short: 'w', kind: 'flag', help: 'go on and show what changes' };
export const selector: OptionSpec = {
  name: 'selector',
  short: 'l',
  kind: 'text',
  value: 'labels',
  help: 'only those with these labels: a=b,c!=d',
};
export const filter: OptionSpec = {
  name: 'filter',
  kind: 'text',
  value: 'terms',
  help: "what the server shall look for: 'state = RUNNING AND zone != a'",
};
export const sort: OptionSpec = {
  name: 'sort',
  kind: 'text',
  value: 'field',
  help: "order: name, create_time, …; 'create_time desc' for the newest first",
  suggests: ['name', 'create_time', 'update_time'],
};
export const manifestFile: OptionSpec = {
  name: 'file',
  short: 'f',
  kind: 'list',
  value: 'file',
  help: 'file, folder, or - for standard input; may be repeated',
  complete: 'file',
};
export const noHeaders: OptionSpec = { name: 'no-headers', kind: 'flag', help: 'rows only' };
export const cluster: OptionSpec = {
  name: 'cluster',
  kind: 'text',
  value: 'name',
  help: 'cluster, where a name is not enough',
  complete: 'cluster',
};
export const dryRun: OptionSpec = {
  name: 'dry-run',
  kind: 'flag',
  help: 'let the server check everything, write nothing',
};
export const yes: OptionSpec = { name: 'yes', short: 'y', kind: 'flag', help: 'do not ask' };
export const timeout: OptionSpec = {
  name: 'timeout',
  kind: 'duration',
  value: 'duration',
  help: 'give up after this long (default: 10m)',
};
export const progress: OptionSpec = {
  name: 'progress',
  kind: 'flag',
  help: 'lines of progress on stderr without a terminal, too',
};
export const labels: OptionSpec = {
  name: 'label',
  kind: 'list',
  value: 'key=value',
  help: 'label of the resource; may be repeated',
};

export const force: OptionSpec = {
  name: 'force',
  kind: 'flag',
  help: 'delete what is left when the time is over, also under a disruption budget (role Admin)',
};
export const drainTimeout: OptionSpec = {
  name: 'drain-timeout',
  kind: 'duration',
  value: 'duration',
  help: "how long pods may take to leave (default: the pool's, 1h)",
};

export const name: ArgumentSpec = { name: 'name', help: 'a DNS label, unique in its parent' };
