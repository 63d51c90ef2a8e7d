import { ClusterState } from '@flotilla/proto';
import type { ClusterView } from '../domain/views.js';
import type { Verdict } from './decision.js';

/** What an imported cluster says of itself; undefined where it is a fact until it was asked. */
export interface ExternalFacts {
  /** Rights that the kubeconfig lacks, in words of `create secrets in kube-system`. */
  readonly missingRights: readonly string[];
  /** What keeps nodes from joining, each with its cure. */
  readonly missing: readonly { readonly message: string; readonly remedy: string }[];
  /** host:port that nodes join at; empty = not known. */
  readonly endpoint: string;
  readonly caCertHashes: readonly string[];
  /** For example v1.34.4. */
  readonly version: string;
}

const namedMax = 5;

/** Whether nodes may join it: it answers, the kubeconfig may do what we must, and what kubeadm needs is there. */
export function isComplete(external: ExternalFacts | undefined): boolean {
  if (external === undefined || external.endpoint === '' || external.caCertHashes.length === 0) return false;
  return external.missingRights.length === 0 && external.missing.length === 0;
}

/** How far an imported cluster is. Nothing of it is ours but the nodes that we add. */
export function externalVerdict(
  view: ClusterView,
  facts: {
    readonly link: { readonly known: boolean; readonly problem: string } | undefined;
    readonly external: ExternalFacts | undefined;
  },
  done: boolean,
): Verdict<ClusterState> {
  const { cluster } = view;
  const { link, external } = facts;
  const state = done ? ClusterState.PROVISIONED : ClusterState.PROVISIONING;
  const verdict = (reason: string, message: string): Verdict<ClusterState> => ({ state, reason, message });
  if (cluster.access === undefined || cluster.access.sealedKubeconfig.length === 0) {
    const message = `No kubeconfig was imported. Run: flotilla edit cluster ${cluster.name}`;
    return { state: ClusterState.PENDING, reason: 'KubeconfigMissing', message };
  }
  if (external === undefined && link?.known !== true) {
    const why = link?.problem ?? '';
    return verdict('ApiServerUnknown', `The API server is not known to answer${why === '' ? '' : `: ${why}`}.`);
  }
  if (external === undefined) return verdict('Checking', 'What the kubeconfig may do is being checked.');
  const { missingRights, missing } = external;
  if (missingRights.length > 0) {
    const more = missingRights.length > namedMax ? ` and ${missingRights.length - namedMax} more` : '';
    const named = missingRights.slice(0, namedMax).join('; ');
    return verdict(
      'RightsMissing',
      `The kubeconfig may not: ${named}${more}. Grant that; it is looked at again by itself.`,
    );
  }
  const [first] = missing;
  if (first !== undefined) return verdict('CannotJoin', `${first.message} ${first.remedy}`);
  if (link?.known !== true) {
    const why = link?.problem ?? '';
    return verdict('ApiServerUnknown', `The API server is not known to answer${why === '' ? '' : `: ${why}`}.`);
  }
  return verdict('Provisioned', `The imported cluster (${external.version}) answers, and nodes may join it.`);
}
