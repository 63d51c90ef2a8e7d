import type { Random } from '@flotilla/kit';
import type { KubeLease, KubeNode, KubePod } from '@flotilla/kube';
import type { Kernel } from './kernel.js';
import { metaOf } from './kube-objects.js';

const podEndsMs = 3_000;
/** A kubelet that renewed its Lease this lately confirms the end of a pod. */
const confirmsMs = 30_000;

/** What the workload sees of its cluster. */
export interface WorkloadCluster {
  readonly nodes: ReadonlyMap<string, KubeNode>;
  readonly leases: ReadonlyMap<string, KubeLease>;
  readonly pods: Map<string, KubePod>;
  readonly wallMs: number;
}

/** So many pods of one workload on each node that takes pods, and the kubelets that end them. */
export class Workload {
  #made = 0;

  constructor(
    private readonly kernel: Kernel,
    private readonly random: Random,
    private readonly cluster: WorkloadCluster,
    private readonly podsPerNode: number,
  ) {}

  schedule(): void {
    const fit = [...this.cluster.nodes.values()].filter(
      (node) =>
        !node.unschedulable &&
        node.conditions.some(({ type, status }) => type === 'Ready' && status === 'True') &&
        !node.taints.some(({ effect }) => effect !== 'PreferNoSchedule'),
    );
    for (const node of fit) {
      const name = node.meta.name;
      let has = 0;
      for (const pod of this.cluster.pods.values()) if (pod.nodeName === name) has += 1;
      for (; has < this.podsPerNode; has++) this.#put(name);
    }
  }

  /** Deletion begins; the kubelet confirms it, if there is one that can. */
  end(pod: KubePod): void {
    const { pods, leases } = this.cluster;
    const { name } = pod.meta;
    pods.set(name, { ...pod, meta: { ...pod.meta, deletingSinceMs: this.cluster.wallMs } });
    const confirm = (): void => {
      if (!pods.has(name)) return;
      const seenMs = leases.get(pod.nodeName)?.renewedAtMs ?? 0;
      if (this.cluster.wallMs - seenMs < confirmsMs) pods.delete(name);
      else this.kernel.at(10_000, confirm);
    };
    this.kernel.at(podEndsMs * (1 + this.random.fraction()), confirm);
  }

  #put(nodeName: string): void {
    const number = ++this.#made;
    const meta = metaOf(`web-${number}`, `pod-${number}`, 'default', this.cluster.wallMs);
    this.cluster.pods.set(meta.name, {
      meta: { ...meta, owners: [{ kind: 'ReplicaSet', name: 'web', uid: 'rs-1', controller: true }] },
      nodeName,
      phase: 'Running',
      reason: '',
      priorityClassName: '',
      terminationGracePeriodSeconds: 30,
      hasEmptyDir: false,
      persistentVolumeClaims: [],
      conditions: [],
      containers: [],
    });
  }
}
