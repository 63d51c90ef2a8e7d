import type { CallOptions, KubeClient } from '../contract.js';
import type { JsonObject } from '../objects.js';

/** One thing Flotilla must be allowed to do in a cluster. */
export interface NeededRight {
  readonly verb: string;
  /** API group; empty for the core group. */
  readonly group: string;
  /** Plural; with a slash for a subresource: `pods/eviction`. */
  readonly resource: string;
  /** Without it: everywhere. */
  readonly namespace?: string;
  /** Only for this one object. */
  readonly name?: string;
  /** For people who decide whether to grant it. */
  readonly why: string;
}

function rights(
  verbs: readonly string[],
  right: Omit<NeededRight, 'verb' | 'group'> & { readonly group?: string },
): readonly NeededRight[] {
  return verbs.map((verb) => ({ group: '', ...right, verb }));
}

const certificates = 'certificates.k8s.io';

/** Everything Flotilla does in a cluster that it did not make, and nothing else. */
export const neededRights: readonly NeededRight[] = [
  ...rights(['get', 'list', 'watch'], { resource: 'nodes', why: 'to see whether nodes have joined and are Ready' }),
  ...rights(['patch'], {
    resource: 'nodes',
    why: 'to cordon nodes and to keep their labels and taints as the pool says',
  }),
  ...rights(['delete'], { resource: 'nodes', why: 'to remove the Node object of a machine that has left' }),
  ...rights(['get', 'list', 'watch'], {
    group: 'coordination.k8s.io',
    resource: 'leases',
    namespace: 'kube-node-lease',
    why: 'to hear the heartbeats of kubelets, the second witness of health',
  }),
  ...rights(['get', 'list'], { resource: 'pods', why: 'to drain a node and to say what still runs there' }),
  ...rights(['delete'], { resource: 'pods', why: 'to drain by force when an administrator orders it' }),
  ...rights(['create'], { resource: 'pods/eviction', why: 'to drain nodes within the disruption budgets' }),
  ...rights(['list'], {
    group: 'policy',
    resource: 'poddisruptionbudgets',
    why: 'to name the budget that blocks a drain',
  }),
  ...rights(['list'], { group: 'apps', resource: 'daemonsets', why: 'to explain a pod network that does not come up' }),
  ...rights(['create', 'list', 'delete'], {
    resource: 'secrets',
    namespace: 'kube-system',
    why: 'to hold the bootstrap token of one join for at most 15 minutes',
  }),
  ...rights(['get'], {
    resource: 'configmaps',
    namespace: 'kube-public',
    name: 'cluster-info',
    why: 'to learn the address and the CA that nodes join with',
  }),
  ...['kubeadm-config', 'kubelet-config'].flatMap((name) =>
    rights(['get'], {
      resource: 'configmaps',
      namespace: 'kube-system',
      name,
      why: 'to learn how kubeadm joins nodes',
    }),
  ),
  ...rights(['get', 'list', 'watch'], {
    group: certificates,
    resource: 'certificatesigningrequests',
    why: 'to see requests of kubelets for serving certificates',
  }),
  ...rights(['update'], {
    group: certificates,
    resource: 'certificatesigningrequests/approval',
    why: 'to approve the serving certificate of a node that is ours, and of no other',
  }),
  ...rights(['approve'], {
    group: certificates,
    resource: 'signers',
    name: 'kubernetes.io/kubelet-serving',
    why: 'to approve the serving certificate of a node that is ours, and of no other',
  }),
];

/** For example `create secrets in kube-system` or `approve signers kubernetes.io/kubelet-serving`. */
export function describeRight(right: NeededRight): string {
  const what = `${right.verb} ${right.resource}`;
  const named = right.name === undefined ? what : `${what} ${right.name}`;
  return right.namespace === undefined ? named : `${named} in ${right.namespace}`;
}

/** Questions under way at once: fewer than an API server's fair share for one client. */
const atOnce = 4;

/**
 * Asks the API server about every one of {@link neededRights} and gives those that are missing, as
 * {@link describeRight} says them, in the order of the list. Fails like any call when the API server cannot be asked.
 */
export async function checkRights(client: KubeClient, options: CallOptions = {}): Promise<readonly string[]> {
  const missing = new Set<NeededRight>();
  for (let from = 0; from < neededRights.length; from += atOnce) {
    const batch = neededRights.slice(from, from + atOnce);
    const allowed = await Promise.all(batch.map((right) => mayDo(client, right, options)));
    for (const [index, right] of batch.entries()) if (allowed[index] !== true) missing.add(right);
  }
  return neededRights.filter((right) => missing.has(right)).map(describeRight);
}

async function mayDo(client: KubeClient, right: NeededRight, options: CallOptions): Promise<boolean> {
  const [resource = '', subresource] = right.resource.split('/');
  const resourceAttributes: JsonObject = {
    verb: right.verb,
    group: right.group,
    resource,
    ...(subresource === undefined ? {} : { subresource }),
    ...(right.namespace === undefined ? {} : { namespace: right.namespace }),
    ...(right.name === undefined ? {} : { name: right.name }),
  };
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    metadata: { name: 'right' },
    spec: { resourceAttributes },
  };
  return (await client.create('selfsubjectaccessreviews', review, options)).allowed;
}
