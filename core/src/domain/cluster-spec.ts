import { dnsLabelProblem, suggestion, type FieldViolation } from '@flotilla/kit';
import { Availability, ClusterSpec, Cni, ControlPlaneKind } from '@flotilla/proto';
import { overlaps, parseCidr, parseIpv4, type Cidr } from './cidr.js';
import { dnsSubdomainProblem } from './kubernetes-syntax.js';

/** A version that can be asked for; the catalogue gives them, oldest first. */
export interface CatalogueEntry {
  readonly version: string;
  readonly availableForNewClusters: boolean;
}

/** A value with everything that is wrong with it; usable only when there is nothing. */
export interface Checked<T> {
  readonly value: T;
  readonly violations: readonly FieldViolation[];
}

/** Fills in every default of a new cluster and says everything that is wrong with it. Fields are named `spec.podCidr`. */
export function completeClusterSpec(
  given: ClusterSpec | undefined,
  context: { readonly catalogue: readonly CatalogueEntry[]; readonly controlPlaneReplicas: number },
): Checked<ClusterSpec> {
  const spec = given ?? ClusterSpec.create();
  const newest = context.catalogue.filter((v) => v.availableForNewClusters).at(-1);
  const value = ClusterSpec.create({
    ...spec,
    controlPlaneKind: spec.controlPlaneKind || ControlPlaneKind.SELF_PROVISIONED,
    kubernetesVersion: spec.kubernetesVersion || (newest?.version ?? ''),
    cni: spec.cni || Cni.FLANNEL,
    podCidr: spec.podCidr || '10.244.0.0/16',
    serviceCidr: spec.serviceCidr || '10.96.0.0/12',
    clusterDomain: spec.clusterDomain || 'cluster.local',
    availability:
      spec.availability || (context.controlPlaneReplicas > 1 ? Availability.REGIONAL : Availability.MULTI_ZONE),
  });
  const violations = [
    ...kindViolations(value),
    ...versionViolations('spec.kubernetesVersion', value.kubernetesVersion, context.catalogue),
    ...networkViolations(value),
    ...domainViolations(value),
    ...endpointViolations(value.endpoint),
    ...replicaViolations(context.controlPlaneReplicas, value),
  ];
  return { value, violations };
}

/** What may not change once a cluster exists. */
export function clusterUpdateViolations(stored: ClusterSpec, wanted: ClusterSpec): FieldViolation[] {
  const immutable = ['controlPlaneKind', 'cni', 'podCidr', 'serviceCidr', 'clusterDomain'] as const;
  const violations: FieldViolation[] = immutable
    .filter((field) => stored[field] !== wanted[field])
    .map((field) => ({ field: `spec.${field}`, description: 'cannot change after the cluster was created' }));
  if (stored.kubernetesVersion !== wanted.kubernetesVersion) {
    violations.push({
      field: 'spec.kubernetesVersion',
      description: 'cannot be changed: upgrades are not supported yet',
    });
  }
  return violations;
}

function kindViolations(spec: ClusterSpec): FieldViolation[] {
  const violations: FieldViolation[] = [];
  if (spec.controlPlaneKind !== ControlPlaneKind.SELF_PROVISIONED) {
    violations.push({
      field: 'spec.controlPlaneKind',
      description: 'must be SELF_PROVISIONED; importing a cluster is not supported yet',
    });
  }
  if (spec.cni !== Cni.FLANNEL && spec.cni !== Cni.NONE) {
    violations.push({ field: 'spec.cni', description: 'must be FLANNEL or NONE; the others are not supported yet' });
  }
  return violations;
}

/** Problems of a Kubernetes version that was asked for. */
export function versionViolations(
  field: string,
  version: string,
  catalogue: readonly CatalogueEntry[],
): FieldViolation[] {
  const available = catalogue.filter((v) => v.availableForNewClusters).map((v) => v.version);
  if (available.includes(version)) return [];
  const known = catalogue.some((v) => v.version === version);
  const near = suggestion(version, available);
  const hint = near === undefined ? `available: ${available.join(', ') || 'none'}` : `did you mean ${near}?`;
  const problem = known ? 'is not available for new clusters' : 'is not in the catalogue';
  return [{ field, description: `${JSON.stringify(version)} ${problem}; ${hint}` }];
}

function networkViolations(spec: ClusterSpec): FieldViolation[] {
  const violations: FieldViolation[] = [];
  const check = (field: string, text: string, prefixMin: number, prefixMax: number): Cidr | undefined => {
    const parsed = parseCidr(text);
    if (typeof parsed === 'string') {
      violations.push({ field, description: parsed });
      return undefined;
    }
    if (parsed.prefix < prefixMin || parsed.prefix > prefixMax) {
      violations.push({ field, description: `must have a prefix from /${prefixMin} to /${prefixMax}` });
    }
    return parsed;
  };
  // Each node takes a /24 of the pods' network; kube-apiserver refuses service networks above 20 bits.
  const pods = check('spec.podCidr', spec.podCidr, 8, 24);
  const services = check('spec.serviceCidr', spec.serviceCidr, 12, 28);
  if (pods !== undefined && services !== undefined && overlaps(pods, services)) {
    violations.push({ field: 'spec.serviceCidr', description: `overlaps the pods' network ${spec.podCidr}` });
  }
  return violations;
}

function domainViolations(spec: ClusterSpec): FieldViolation[] {
  const problem = dnsSubdomainProblem(spec.clusterDomain);
  return problem === undefined ? [] : [{ field: 'spec.clusterDomain', description: problem }];
}

function endpointViolations(endpoint: string): FieldViolation[] {
  if (endpoint === '') return [];
  const { host, port } = splitEndpoint(endpoint);
  const violations: FieldViolation[] = [];
  const looksNumeric = /^[\d.]+$/.test(host);
  if (looksNumeric ? parseIpv4(host) === undefined : dnsSubdomainProblem(host) !== undefined) {
    violations.push({
      field: 'spec.endpoint',
      description: 'must be a DNS name or IPv4 address, optionally with a port',
    });
  }
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    violations.push({ field: 'spec.endpoint', description: 'has a port outside 1 to 65535' });
  }
  return violations;
}

/** Host and port of an endpoint; 6443 when none is given. */
export function splitEndpoint(endpoint: string): { readonly host: string; readonly port: number } {
  const colon = endpoint.lastIndexOf(':');
  if (colon < 0) return { host: endpoint, port: 6443 };
  const port = endpoint.slice(colon + 1);
  return { host: endpoint.slice(0, colon), port: /^\d{1,5}$/.test(port) ? Number(port) : Number.NaN };
}

function replicaViolations(replicas: number, spec: ClusterSpec): FieldViolation[] {
  const field = 'controlPlaneReplicas';
  if (![1, 3, 5].includes(replicas))
    return [{ field, description: 'must be 1, 3 or 5: an even number adds no safety' }];
  if (replicas === 1 && spec.availability === Availability.REGIONAL) {
    return [{ field, description: 'must be 3 or 5 for availability REGIONAL' }];
  }
  if (replicas > 1 && spec.availability !== Availability.REGIONAL) {
    return [{ field: 'spec.availability', description: `must be REGIONAL for ${replicas} control-plane replicas` }];
  }
  if (replicas > 1 && spec.endpoint === '') {
    return [{ field: 'spec.endpoint', description: 'must be a DNS name, VIP or load balancer for several replicas' }];
  }
  return [];
}

/** Problems of a resource's name. */
export function nameViolations(field: string, name: string): FieldViolation[] {
  const problem = dnsLabelProblem(name);
  return problem === undefined ? [] : [{ field, description: problem }];
}
