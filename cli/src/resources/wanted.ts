import { suggestion } from '@flotilla/kit';
import { usageError } from '../call.js';
import { parseTemplate, renderTemplate } from '../output/jsonpath.js';
import { type NounName, nouns } from '../registry/nouns.js';
import { type Goal, goals } from './goals.js';
import { resources } from './index.js';
import type { Item } from './resource.js';

/** What is waited for. */
export interface Wanted {
  /** As it was asked for. */
  readonly name: string;
  /** Whether it is one of the named goals: then a thing that failed will not reach it. */
  readonly byName: boolean;
  /** `is ready`, `has condition Ready=True`. */
  readonly isText: string;
  readonly isNotText: string;
  reached(item: Item): boolean;
  /** Refuses a kind of thing that can never get there. */
  refuse(noun: NounName): void;
}

/** `ready`, `condition=Ready`, `condition=Ready=False`, `jsonpath={.status.x}=3`, `jsonpath={.status.x}`. */
export function parseGoal(text: string): Wanted {
  if (text.startsWith('condition=')) return parseCondition(text);
  if (text.startsWith('jsonpath=')) return parseJsonpath(text);
  const goal = goals.find((each) => each === text.toLowerCase());
  if (goal !== undefined) return named(goal);
  const near = suggestion(text, goals);
  throw usageError(
    `--for ${text} is not known.${near === undefined ? '' : ` Did you mean ${near}?`}`,
    `There are: ${goals.join(', ')}, condition=TYPE[=STATUS], jsonpath='{.path}'[=VALUE].`,
  );
}

function named(goal: Goal): Wanted {
  return {
    name: goal,
    byName: true,
    isText: `is ${goal}`,
    isNotText: `is not ${goal}`,
    reached: ({ standing }) => standing.reached.includes(goal),
    refuse: (noun) => {
      const { goals: possible } = resources[noun];
      if (possible.includes(goal)) return;
      const choice = possible.length === 0 ? 'nothing to wait for by name' : `only: ${possible.join(', ')}`;
      throw usageError(`a ${noun} cannot become ${goal}`, `For ${nouns[noun].plural} there is ${choice}.`);
    },
  };
}

function parseCondition(text: string): Wanted {
  const [, type, status = 'True'] = /^condition=([A-Za-z][A-Za-z0-9]*)(?:=(True|False|Unknown))?$/i.exec(text) ?? [];
  if (type === undefined)
    throw usageError('condition wants TYPE or TYPE=True, False or Unknown', 'For example: condition=Ready');
  const constant = `CONDITION_STATUS_${status.toUpperCase()}`;
  return {
    ...open(text, `condition ${type}=${status}`),
    reached: ({ json }) =>
      conditionsOf(json).some(
        (each) => String(each['type']).toLowerCase() === type.toLowerCase() && each['status'] === constant,
      ),
  };
}

function parseJsonpath(text: string): Wanted {
  const [, path, , value] = /^jsonpath=(.*?\}|[^={}]+)(=(.*))?$/s.exec(text) ?? [];
  if (path === undefined)
    throw usageError(`--for ${text} is not understood`, "For example: jsonpath='{.status.nodesRunning}'=3");
  const template = parseTemplate(path);
  return {
    ...open(text, value === undefined ? `a value at ${path}` : `${path} = ${value}`),
    reached: ({ json }) => {
      const found = renderTemplate(template, json);
      return value === undefined ? found !== '' : found === value;
    },
  };
}

function open(name: string, what: string): Omit<Wanted, 'reached'> {
  return { name, byName: false, isText: `has ${what}`, isNotText: `has not ${what}`, refuse: () => undefined };
}

function conditionsOf(json: Readonly<Record<string, unknown>>): Record<string, unknown>[] {
  const status: unknown = json['status'];
  const conditions: unknown = typeof status === 'object' && status !== null ? Reflect.get(status, 'conditions') : [];
  return Array.isArray(conditions) ? conditions.map((each) => Object(each) as Record<string, unknown>) : [];
}
