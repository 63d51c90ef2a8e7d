import type { ClusterRecord, MachineRecord, NodeRecord, PoolRecord, Store, TokenRecord } from '@flotilla/core';
import { FlotillaError, invalidArgument, isId, type IdPrefix } from '@flotilla/kit';

type Reads = Store['read'];

/** What something that is missing is called, and how to see what there is. */
const nouns = {
  clu: { noun: 'cluster', see: 'flotilla get clusters' },
  pol: { noun: 'node pool', see: 'flotilla get pools' },
  mch: { noun: 'machine', see: 'flotilla get machines' },
  nod: { noun: 'node', see: 'flotilla get nodes' },
  tok: { noun: 'token', see: 'flotilla get tokens' },
  key: { noun: 'API key', see: 'flotilla get apikeys' },
} as const;

type Findable = keyof typeof nouns;

/** The error for a thing that is not there, or belongs to another project: both look the same. */
export function notFound(prefix: Findable, named: string): FlotillaError {
  const { noun, see } = nouns[prefix];
  return new FlotillaError('NOT_FOUND', `There is no ${noun} ${JSON.stringify(named.slice(0, 80))} in this project.`, {
    kind: 'not-found',
    remedy: `See what there is: ${see}`,
  });
}

function required(field: string, named: string): void {
  if (named === '') throw invalidArgument([{ field, description: 'is needed' }]);
}

async function byIdOrName<R extends { readonly projectId: string }>(
  prefix: IdPrefix & Findable,
  projectId: string,
  named: string,
  read: { byId(id: string): Promise<R | undefined>; byName(name: string): Promise<R | undefined> },
): Promise<R> {
  required(nouns[prefix].noun.replace(' ', '_').toLowerCase(), named);
  const record = isId(prefix, named) ? await read.byId(named) : await read.byName(named);
  // Checked after the load: an id of another project must not be more than no id.
  if (record === undefined || record.projectId !== projectId) throw notFound(prefix, named);
  return record;
}

/** The cluster of this name or id in the project. Throws NOT_FOUND. */
export function findCluster(reads: Reads, projectId: string, named: string): Promise<ClusterRecord> {
  return byIdOrName('clu', projectId, named, {
    byId: (id) => reads.cluster(id),
    byName: (name) => reads.clusterByName(projectId, name),
  });
}

/** The pool of this name or id; `cluster` may be empty when the name is unique in the project. */
export async function findPool(reads: Reads, projectId: string, cluster: string, named: string): Promise<PoolRecord> {
  const clusterRecord = cluster === '' ? undefined : await findCluster(reads, projectId, cluster);
  const pool = await byIdOrName('pol', projectId, named, {
    byId: (id) => reads.pool(id),
    byName: async (name) => {
      if (clusterRecord !== undefined) return reads.poolByName(clusterRecord.id, name);
      const { items } = await reads.pools({ projectId, filter: `name = ${quoted(name)}`, pageSize: 2 });
      if (items.length > 1) throw ambiguous('node pool', name, 'cluster');
      return items[0];
    },
  });
  if (clusterRecord !== undefined && pool.clusterId !== clusterRecord.id) throw notFound('pol', named);
  return pool;
}

export function findMachine(reads: Reads, projectId: string, named: string): Promise<MachineRecord> {
  return byIdOrName('mch', projectId, named, {
    byId: (id) => reads.machine(id),
    byName: (name) => reads.machineByName(projectId, name),
  });
}

/** The live node of this name, or any node by id; `cluster` may be empty when the name is unique in the project. */
export async function findNode(reads: Reads, projectId: string, cluster: string, named: string): Promise<NodeRecord> {
  const clusterRecord = cluster === '' ? undefined : await findCluster(reads, projectId, cluster);
  const node = await byIdOrName('nod', projectId, named, {
    byId: (id) => reads.node(id),
    byName: async (name) => {
      const found = await reads.nodesByName(projectId, name, clusterRecord?.id);
      if (found.length > 1) throw ambiguous('node', name, 'cluster');
      return found[0];
    },
  });
  if (clusterRecord !== undefined && node.clusterId !== clusterRecord.id) throw notFound('nod', named);
  return node;
}

/** The token of this id, with or without its prefix; a whole pasted token is cut at its dot. */
export function findToken(reads: Reads, projectId: string, named: string): Promise<TokenRecord> {
  const id = named.split('.')[0] ?? '';
  return byIdOrName('tok', projectId, id, {
    byId: (full) => reads.token(full),
    byName: async (name) => (isId('tok', `tok_${name}`) ? reads.token(`tok_${name}`) : undefined),
  });
}

function ambiguous(noun: string, name: string, field: string): FlotillaError {
  return new FlotillaError('AMBIGUOUS_NAME', `Several clusters have a ${noun} ${JSON.stringify(name)}.`, {
    kind: 'invalid-argument',
    remedy: `Say which one: --${field} <name>, or use its id.`,
    violations: [{ field, description: 'is needed, because the name exists in several clusters' }],
  });
}

/** A value as a filter takes it. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
