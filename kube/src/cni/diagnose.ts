import { FlotillaError } from '@flotilla/kit';
import type { CallOptions, KubeAt, KubeClient, KubeErrorCode } from '../contract.js';
import { flannelDaemonSet, flannelNamespace } from '../manifests/flannel.js';
import type { KubeNode, KubePod } from '../objects.js';
import { podProblem } from './pod-problem.js';
import { cniProblemKinds, type CniProblem } from './problem.js';
import type { CniName } from './settings.js';

/** Why the pod network is not there. */
export interface CniDiagnosis {
  /** Every wanted pod of the plugin is ready. */
  readonly ready: boolean;
  /** One sentence for a status: the first problem and how many more there are. */
  readonly summary: string;
  /** Worst first, at most 20. */
  readonly problems: readonly CniProblem[];
}

export interface DiagnoseOptions extends CallOptions {
  /** Only what concerns this node. */
  readonly nodeName?: string;
}

interface Parts {
  readonly daemonSet: Required<KubeAt>;
  /** Pods on every node, then pods that serve the whole cluster. */
  readonly selectors: readonly [string, ...string[]];
}

const parts: Readonly<Record<Exclude<CniName, 'NONE'>, Parts>> = {
  FLANNEL: { daemonSet: { namespace: flannelNamespace, name: flannelDaemonSet }, selectors: ['app=flannel'] },
  CALICO: {
    daemonSet: { namespace: 'kube-system', name: 'calico-node' },
    selectors: ['k8s-app=calico-node', 'k8s-app=calico-kube-controllers'],
  },
  CILIUM: {
    daemonSet: { namespace: 'kube-system', name: 'cilium' },
    selectors: ['k8s-app=cilium', 'io.cilium/app=operator', 'k8s-app=cilium-envoy'],
  },
};

const problemsMax = 20;
/** Events are read for so many pods: more would say the same. */
const eventsMax = 3;

/**
 * Looks at the plugin's pods and the nodes, and says which pods do not run, where and why. With NONE it looks at what
 * the kubelets say of their network. Fails like any call when the API server cannot be asked.
 */
export async function diagnoseCni(
  client: KubeClient,
  cni: CniName,
  options: DiagnoseOptions = {},
): Promise<CniDiagnosis> {
  const { nodeName, ...call } = options;
  const nodes = (await client.listAll('nodes', call)).filter(
    ({ meta }) => nodeName === undefined || meta.name === nodeName,
  );
  if (cni === 'NONE') return verdict(nodes.flatMap(unknownPlugin), nodes);
  const { daemonSet, selectors } = parts[cni];
  const { namespace } = daemonSet;
  const found = await client.get('daemonsets', daemonSet, call);
  if (found === undefined) return verdict([notInstalled(cni, daemonSet)], nodes);
  const [onNodes, ...others] = await Promise.all(
    selectors.map((labelSelector) => client.listAll('pods', { namespace, labelSelector, ...call })),
  );
  const here = (onNodes ?? []).filter((pod) => nodeName === undefined || pod.nodeName === nodeName);
  // What serves the whole cluster is named only when the whole cluster was asked about.
  const pods = nodeName === undefined ? [...here, ...others.flatMap(oneReadyIsEnough)] : here;
  const problems = pods.flatMap((pod) => podProblem(pod) ?? []);
  const missing = nodes.filter((node) => !here.some((pod) => pod.nodeName === node.meta.name));
  problems.push(...missing.map((node) => missingPod(node, daemonSet)));
  return verdict(await withEvents(client, problems, call), nodes);
}

/** Controllers of the whole cluster may have a replica that finds no second node: that harms nobody. */
function oneReadyIsEnough(pods: readonly KubePod[]): readonly KubePod[] {
  return pods.some((pod) => podProblem(pod) === undefined) ? [] : pods;
}

function verdict(problems: readonly CniProblem[], nodes: readonly KubeNode[]): CniDiagnosis {
  const rank = ({ kind }: CniProblem): number => cniProblemKinds.indexOf(kind);
  const sorted = [...problems].sort((a, b) => rank(a) - rank(b) || (a.nodeName < b.nodeName ? -1 : 1));
  const [first] = sorted;
  if (first === undefined) {
    const none = nodes.length === 0;
    return {
      ready: !none,
      summary: none ? 'No node has joined yet.' : 'The pod network runs on every node.',
      problems: [],
    };
  }
  const more = sorted.length - 1;
  const summary = more === 0 ? first.message : `${first.message} ${more} more ${more === 1 ? 'problem' : 'problems'}.`;
  return { ready: false, summary, problems: sorted.slice(0, problemsMax) };
}

function notInstalled(cni: CniName, { namespace, name }: Required<KubeAt>): CniProblem {
  const message = `The DaemonSet ${namespace}/${name} of ${cni} is not in the cluster.`;
  const remedy = 'Wait for it to be applied; if it was deleted, it comes back by itself.';
  return { kind: 'not-installed', nodeName: '', pod: '', message, remedy };
}

function missingPod({ meta }: KubeNode, { namespace, name }: Required<KubeAt>): CniProblem {
  const message = `No pod of the DaemonSet ${namespace}/${name} is on node ${meta.name}.`;
  const remedy = `Look at: kubectl -n ${namespace} describe daemonset ${name}, and at the labels of the node.`;
  return { kind: 'missing-pod', nodeName: meta.name, pod: '', message, remedy };
}

/** Brings what a kubelet says of its network, when it says anything. */
function unknownPlugin({ meta, conditions }: KubeNode): readonly CniProblem[] {
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (ready?.status === 'True' || !/network|cni/i.test(ready?.message ?? '')) return [];
  const message = `Node ${meta.name} has no pod network: ${(ready?.message ?? '').slice(0, 200)}.`;
  const remedy = 'This cluster was made without a network plugin: install one.';
  return [{ kind: 'unknown-plugin', nodeName: meta.name, pod: '', message, remedy }];
}

/** Pods that only start tell why by events: a mount that fails, a sandbox that cannot be made. */
async function withEvents(
  client: KubeClient,
  problems: readonly CniProblem[],
  call: CallOptions,
): Promise<readonly CniProblem[]> {
  let left = eventsMax;
  const told: CniProblem[] = [];
  for (const problem of problems) {
    if (problem.kind !== 'starting' || left-- <= 0) told.push(problem);
    else told.push(await withEvent(client, problem, call));
  }
  return told;
}

async function withEvent(client: KubeClient, problem: CniProblem, call: CallOptions): Promise<CniProblem> {
  const [namespace = '', name = ''] = problem.pod.split('/');
  const fieldSelector = `involvedObject.name=${name},type=Warning`;
  try {
    const events = await client.listAll('events', { namespace, fieldSelector, ...call });
    const [newest] = [...events].sort((a, b) => (b.lastSeenAtMs ?? 0) - (a.lastSeenAtMs ?? 0));
    if (newest === undefined) return problem;
    const message = `${problem.message.replace(/\.$/, '')}: ${newest.reason}: ${newest.message.slice(0, 300)}`;
    return { ...problem, message };
  } catch (error) {
    const forbidden: KubeErrorCode = 'KUBE_FORBIDDEN';
    if (error instanceof FlotillaError && error.code === forbidden) return problem;
    throw error;
  }
}
