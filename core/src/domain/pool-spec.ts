import type { FieldViolation } from '@flotilla/kit';
import {
  Availability,
  ControlPlaneKind,
  MachineSelector,
  NodePoolRole,
  NodePoolSpec,
  NodeTemplate,
  type ClusterSpec,
} from '@flotilla/proto';
import { versionViolations, type CatalogueEntry, type Checked } from './cluster-spec.js';
import { durationOf } from './durations.js';
import {
  completeHealthPolicy,
  completeUpdatePolicy,
  drainTimeoutDefaultMs,
  kubeletViolations,
  policyViolations,
} from './policy-spec.js';
import { labelViolations, reservedNodeLabel, taintViolations } from './kubernetes-syntax.js';

/** Name of the pool that CreateCluster makes for the control plane. */
export const controlPlanePoolName = 'control-plane';
export const poolSizeMax = 1000;

export interface PoolContext {
  /** Oldest first. */
  readonly catalogue: readonly CatalogueEntry[];
  readonly cluster: ClusterSpec;
}

/** Fills in every default of a pool and says everything that is wrong with it. `cluster` gives the version. */
export function completePoolSpec(given: NodePoolSpec | undefined, context: PoolContext): Checked<NodePoolSpec> {
  const spec = given ?? NodePoolSpec.create();
  const template = spec.template ?? NodeTemplate.create();
  const value = NodePoolSpec.create({
    ...spec,
    role: spec.role || NodePoolRole.WORKER,
    selector: spec.selector ?? MachineSelector.create(),
    template: { ...template, kubernetesVersion: template.kubernetesVersion || firstVersion(context) },
    health: completeHealthPolicy(spec.health),
    update: completeUpdatePolicy(spec.update),
    drainTimeout: spec.drainTimeout ?? durationOf(drainTimeoutDefaultMs),
  });
  return {
    value,
    violations: [
      ...sizeViolations(value),
      ...selectorViolations(value),
      ...templateViolations(value, context),
      ...policyViolations(value),
    ],
  };
}

/** What may not change once a pool exists; `cluster`, when given, says whether its control plane may grow. */
export function poolUpdateViolations(
  stored: NodePoolSpec,
  wanted: NodePoolSpec,
  cluster?: ClusterSpec,
): FieldViolation[] {
  const violations: FieldViolation[] = [];
  if (stored.role !== wanted.role) {
    violations.push({ field: 'spec.role', description: 'cannot change after the pool was created' });
  }
  if (stored.template?.kubernetesVersion !== wanted.template?.kubernetesVersion) {
    violations.push({
      field: 'spec.template.kubernetesVersion',
      description: 'cannot be changed: upgrades are not supported yet',
    });
  }
  const isControlPlane = stored.role === NodePoolRole.CONTROL_PLANE;
  if (isControlPlane && stored.size !== undefined && wanted.size !== undefined && wanted.size < stored.size) {
    violations.push({ field: 'spec.size', description: 'of a control plane cannot shrink: quorum would be at risk' });
  }
  const grows = isControlPlane && (wanted.size ?? 0) > (stored.size ?? 0);
  if (grows && cluster !== undefined && cluster.endpoint === '') {
    const description =
      'of a control plane cannot grow: the cluster was made without an endpoint, so its address is that of one machine';
    violations.push({ field: 'spec.size', description });
  }
  if (grows && cluster !== undefined && cluster.availability !== Availability.REGIONAL) {
    const description = 'of a control plane above 1 needs spec.availability REGIONAL of the cluster';
    violations.push({ field: 'spec.size', description });
  }
  return violations;
}

/** The revision of the wanted template: one more than the stored one when the template differs. */
export function nextTemplateRevision(stored: NodePoolSpec, wanted: NodePoolSpec, revision: number): number {
  const text = (spec: NodePoolSpec): string => {
    const template = NodeTemplate.fromPartial(spec.template ?? {});
    const sorted = (map: Readonly<Record<string, string>>): Record<string, string> =>
      Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
    const maps = {
      labels: sorted(template.labels),
      systemReserved: sorted(template.systemReserved),
      kubeReserved: sorted(template.kubeReserved),
      evictionHard: sorted(template.evictionHard),
    };
    return JSON.stringify({ ...template, ...maps });
  };
  return text(stored) === text(wanted) ? revision : revision + 1;
}

/** Whether what differs reaches a node only by an update of its host: kubelet settings and version, not labels and taints. */
export function needsRollout(stored: NodePoolSpec, wanted: NodePoolSpec): boolean {
  const text = ({ template }: NodePoolSpec): string =>
    JSON.stringify([
      template?.kubernetesVersion ?? '',
      template?.maxPods ?? 0,
      ...[template?.systemReserved, template?.kubeReserved, template?.evictionHard].map((map) =>
        Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
    ]);
  return text(stored) !== text(wanted);
}

function sizeViolations({ role, size }: NodePoolSpec): FieldViolation[] {
  const field = 'spec.size';
  if (role === NodePoolRole.CONTROL_PLANE) {
    if (size !== undefined && [1, 3, 5].includes(size)) return [];
    return [{ field, description: 'of a control plane must be 1, 3 or 5' }];
  }
  if (size === undefined || (Number.isInteger(size) && size >= 0 && size <= poolSizeMax)) return [];
  return [{ field, description: `must be 0 to ${poolSizeMax}` }];
}

function selectorViolations({ selector }: NodePoolSpec): FieldViolation[] {
  if (selector === undefined) return [];
  const at = 'spec.selector';
  const violations = labelViolations(`${at}.matchLabels`, selector.matchLabels);
  if (!['', 'amd64', 'arm64'].includes(selector.arch)) {
    violations.push({ field: `${at}.arch`, description: 'must be amd64 or arm64' });
  }
  if (selector.minCpus < 0) violations.push({ field: `${at}.minCpus`, description: 'must not be negative' });
  if (selector.minMemoryBytes < 0n)
    violations.push({ field: `${at}.minMemoryBytes`, description: 'must not be negative' });
  if (selector.minDiskBytes < 0n) violations.push({ field: `${at}.minDiskBytes`, description: 'must not be negative' });
  return violations;
}

function templateViolations({ template, role }: NodePoolSpec, context: PoolContext): FieldViolation[] {
  if (template === undefined) return [];
  const at = 'spec.template';
  const violations = [
    ...labelViolations(`${at}.labels`, template.labels, reservedNodeLabel),
    ...taintViolations(`${at}.taints`, template.taints),
    ...kubeletViolations(template),
  ];
  const isOwn = context.cluster.controlPlaneKind !== ControlPlaneKind.EXTERNAL;
  if (!isOwn || template.kubernetesVersion !== context.cluster.kubernetesVersion) {
    violations.push(...versionViolations(`${at}.kubernetesVersion`, template.kubernetesVersion, context.catalogue));
    const skew = skewProblem(context.cluster.kubernetesVersion, template.kubernetesVersion, role);
    if (skew !== undefined) violations.push({ field: `${at}.kubernetesVersion`, description: skew });
  }
  if (template.maxPods < 0 || template.maxPods > 500) {
    violations.push({ field: `${at}.maxPods`, description: 'must be 0 (the default of the kubelet) to 500' });
  }
  for (const [i, name] of template.skippedChecks.entries()) {
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) {
      violations.push({ field: `${at}.skippedChecks[${i}]`, description: 'must be the name of a preflight check' });
    }
  }
  return violations;
}

/** The cluster's version; for an imported cluster the newest that we have and that fits under its own. */
function firstVersion({ cluster, catalogue }: PoolContext): string {
  const own = cluster.kubernetesVersion;
  if (cluster.controlPlaneKind !== ControlPlaneKind.EXTERNAL || catalogue.some((v) => v.version === own)) return own;
  const fits = (version: string): boolean => skewProblem(own, version, NodePoolRole.WORKER) === undefined;
  return catalogue.filter((v) => v.availableForNewClusters && fits(v.version)).at(-1)?.version ?? own;
}

/** Kubernetes' skew policy: a kubelet is never newer than its API server and at most three minors older. */
function skewProblem(cluster: string, node: string, role: NodePoolRole): string | undefined {
  const minorOf = (version: string): number => Number(/^v1\.(\d+)\./.exec(version)?.[1] ?? Number.NaN);
  const [server, kubelet] = [minorOf(cluster), minorOf(node)];
  if (Number.isNaN(server) || Number.isNaN(kubelet)) return undefined;
  if (role === NodePoolRole.CONTROL_PLANE) return `of a control plane must be the cluster's (${cluster})`;
  if (kubelet > server) return `is newer than the cluster's ${cluster}`;
  if (server - kubelet > 3) return `is more than three minor versions behind the cluster's ${cluster}`;
  return undefined;
}
