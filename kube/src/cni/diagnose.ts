import type { CallOptions, KubeClient } from '../contract.js';
import type { CniName } from './settings.js';

/** Why the pod network is not there. */
export interface CniDiagnosis {
  /** Every wanted pod of the plugin is ready. */
  readonly ready: boolean;
  /** One sentence for a status: the first problem and how many there are. */
  readonly summary: string;
  /** Worst first, at most 20. */
  readonly problems: readonly CniProblem[];
}

export interface CniProblem {
  readonly kind:
    'not-installed' | 'image' | 'crash' | 'pending' | 'missing-pod' | 'starting' | 'not-ready' | 'unknown-plugin';
  /** Empty when it is about no one node. */
  readonly nodeName: string;
  /** `namespace/name`, empty when there is none. */
  readonly pod: string;
  /** One sentence: which pod, where, why. */
  readonly message: string;
  /** What a person can do; empty when waiting is all. */
  readonly remedy: string;
}

/**
 * Looks at the plugin's workloads, their pods and the nodes, and says which pods do not run, where and why. With a
 * node's name: only what concerns that node. Fails like any call when the API server cannot be asked.
 */
export function diagnoseCni(
  _client: KubeClient,
  _cni: CniName,
  _options: CallOptions & { readonly nodeName?: string } = {},
): Promise<CniDiagnosis> {
  return Promise.resolve({ ready: false, summary: 'not known', problems: [] });
}
