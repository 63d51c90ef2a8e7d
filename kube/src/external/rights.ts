import type { CallOptions, KubeClient } from '../contract.js';

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

/** Everything Flotilla does in a cluster that it did not make, and nothing else. */
export const neededRights: readonly NeededRight[] = [];

/** For example `create secrets in kube-system` or `approve signers kubernetes.io/kubelet-serving`. */
export function describeRight(right: NeededRight): string {
  const what = `${right.verb} ${right.resource}`;
  const named = right.name === undefined ? what : `${what} ${right.name}`;
  return right.namespace === undefined ? named : `${named} in ${right.namespace}`;
}

/**
 * Asks the API server about every one of {@link neededRights} and gives those that are missing, as
 * {@link describeRight} says them, in the order of the list. Fails like any call when the API server cannot be asked.
 */
export function checkRights(_client: KubeClient, _options: CallOptions = {}): Promise<readonly string[]> {
  return Promise.resolve([]);
}
