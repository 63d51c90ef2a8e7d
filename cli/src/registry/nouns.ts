import { FlotillaError, suggestion } from '@flotilla/kit';

export interface NounSpec {
  readonly plural: string;
  /** Short and other names. */
  readonly aliases: readonly string[];
  /** `kind` in JSON, YAML and manifests. */
  readonly kind: string;
  readonly summary: string;
}

/** Everything that has a name in Flotilla. */
export const nouns = {
  cluster: { plural: 'clusters', aliases: ['cl'], kind: 'Cluster', summary: 'Kubernetes clusters' },
  pool: {
    plural: 'pools',
    aliases: ['np', 'nodepool', 'nodepools'],
    kind: 'NodePool',
    summary: 'groups of like nodes of one cluster',
  },
  node: { plural: 'nodes', aliases: ['no'], kind: 'Node', summary: 'machines in a pool, from claim to release' },
  machine: { plural: 'machines', aliases: ['mc'], kind: 'Machine', summary: 'enrolled hosts, in a cluster or spare' },
  event: { plural: 'events', aliases: ['ev'], kind: 'Event', summary: 'what happened or was decided' },
  token: { plural: 'tokens', aliases: ['tok'], kind: 'EnrollmentToken', summary: 'let machines enroll' },
  version: { plural: 'versions', aliases: ['ver'], kind: 'KubernetesVersion', summary: 'Kubernetes versions on offer' },
  project: { plural: 'projects', aliases: ['prj'], kind: 'Project', summary: 'tenants' },
  member: { plural: 'members', aliases: ['mem'], kind: 'Member', summary: 'who else has a role in the project' },
  'api-key': {
    plural: 'api-keys',
    aliases: ['apikey', 'apikeys', 'key', 'keys'],
    kind: 'ApiKey',
    summary: 'how people and scripts sign in',
  },
} as const satisfies Record<string, NounSpec>;

export type NounName = keyof typeof nouns;

/** In the order of the table. */
export const nounNames: readonly NounName[] = Object.keys(nouns).filter(isNounName);

function isNounName(text: string): text is NounName {
  return Object.hasOwn(nouns, text);
}

/** Every word that names the noun: singular, plural, short forms. */
export function namesOf(noun: NounName): readonly string[] {
  return [noun, nouns[noun].plural, ...nouns[noun].aliases];
}

/** `no`, `nodes`, `Node` → `node`; anything else is refused with the nearest word. */
export function parseNoun(text: string): NounName {
  const wanted = text.toLowerCase();
  const found = nounNames.find((noun) => namesOf(noun).includes(wanted));
  if (found !== undefined) return found;
  const near = suggestion(wanted, nounNames.flatMap(namesOf));
  const hint = near === undefined ? '' : ` Did you mean ${near}?`;
  throw new FlotillaError('UNKNOWN_NOUN', `there is nothing called "${text}".${hint}`, {
    kind: 'invalid-argument',
    remedy: `There are: ${nounNames.map((noun) => nouns[noun].plural).join(', ')}.`,
  });
}

/** What a person pointed at. */
export interface Reference {
  readonly noun: NounName;
  readonly name: string;
}

/** `node/edge-7` → noun and name. */
export function parseReference(text: string): Reference {
  const slash = text.indexOf('/');
  if (slash < 1 || slash === text.length - 1) {
    throw new FlotillaError('USAGE', `"${text}" is not of the form TYPE/NAME`, {
      kind: 'invalid-argument',
      remedy: 'For example: node/edge-7, pool/workers, cluster/demo.',
    });
  }
  return { noun: parseNoun(text.slice(0, slash)), name: text.slice(slash + 1) };
}

/** `node a b`, `node/a`, `nodes` → the noun and the names that were given. */
export function parseSelection(words: readonly string[]): { noun: NounName; names: readonly string[] } {
  const [first = '', ...rest] = words;
  if (!first.includes('/')) return { noun: parseNoun(first), names: rest };
  const references = words.map(parseReference);
  const noun = parseReference(first).noun;
  if (references.some((each) => each.noun !== noun)) {
    throw new FlotillaError('USAGE', 'one call shows one type of thing', {
      kind: 'invalid-argument',
      remedy: 'Ask once for each type.',
    });
  }
  return { noun, names: references.map((each) => each.name) };
}
