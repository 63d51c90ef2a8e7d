import { dnsLabelProblem, suggestion, type FieldViolation } from '@flotilla/kit';
import { Availability, ClusterSpec, Cni, CniSettings, ControlPlaneKind } from '@flotilla/proto';
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
  const external = spec.controlPlaneKind === ControlPlaneKind.EXTERNAL;
  const newest = context.catalogue.filter((v) => v.availableForNewClusters).at(-1);
  const value = ClusterSpec.create({
    ...spec,
    controlPlaneKind: spec.controlPlaneKind || ControlPlaneKind.SELF_PROVISIONED,
    kubernetesVersion: spec.kubernetesVersion || (newest?.version ?? ''),
    // An imported cluster has its network already.
    cni: spec.cni || (external ? Cni.NONE : Cni.FLANNEL),
    podCidr: spec.podCidr || '10.244.0.0/16',
    serviceCidr: spec.serviceCidr || '10.96.0.0/12',
    clusterDomain: spec.clusterDomain || 'cluster.local',
    availability:
      spec.availability || (context.controlPlaneReplicas > 1 ? Availability.REGIONAL : Availability.MULTI_ZONE),
  });
  const violations = [
    ...cniViolations(value),
    ...(external ? [] : versionViolations('spec.kubernetesVersion', value.kubernetesVersion, context.catalogue)),
    ...networkViolations(value),
    ...domainViolations(value),
    ...(external
      ? externalViolations(value)
      : [...endpointViolations(value.endpoint), ...replicaViolations(context.controlPlaneReplicas, value)]),
  ];
  return { value, violations };
}

/** What may not change once a cluster exists. */
export function clusterUpdateViolations(stored: ClusterSpec, wanted: ClusterSpec): FieldViolation[] {
  const immutable = ['controlPlaneKind', 'cni', 'podCidr', 'serviceCidr', 'clusterDomain'] as const;
  const violations: FieldViolation[] = immutable
    .filter((field) => stored[field] !== wanted[field])
    .map((field) => ({ field: `spec.${field}`, description: 'cannot change after the cluster was created' }));
  const settings = (spec: ClusterSpec): string => JSON.stringify(CniSettings.fromPartial(spec.cniSettings ?? {}));
  if (settings(stored) !== settings(wanted)) {
    violations.push({ field: 'spec.cniSettings', description: 'cannot change after the cluster was created' });
  }
  if (stored.endpoint !== wanted.endpoint) {
    violations.push({
      field: 'spec.endpoint',
      description: 'cannot change after the cluster was created: nodes and certificates were made for it',
    });
  }
  violations.push(...availabilityUpdateViolations(stored, wanted));
  if (stored.kubernetesVersion !== wanted.kubernetesVersion) {
    violations.push({
      field: 'spec.kubernetesVersion',
      description: 'cannot be changed: upgrades are not supported yet',
    });
  }
  return violations;
}

/** What a cluster promised can be made more, when it has an endpoint that outlives a machine; never taken back. */
function availabilityUpdateViolations(stored: ClusterSpec, wanted: ClusterSpec): FieldViolation[] {
  const field = 'spec.availability';
  const { REGIONAL } = Availability;
  if (stored.availability === wanted.availability) return [];
  if (stored.availability === REGIONAL) {
    return [{ field, description: 'cannot be less than REGIONAL again: the control plane has several members' }];
  }
  if (wanted.availability === REGIONAL && stored.endpoint === '') {
    const description =
      'cannot become REGIONAL: the cluster was made without an endpoint, so its address is that of one machine';
    return [{ field, description }];
  }
  return [];
}

/** Encapsulations that each plugin offers, its default first. */
const encapsulations: Readonly<Partial<Record<Cni, readonly string[]>>> = {
  [Cni.FLANNEL]: ['vxlan'],
  [Cni.CALICO]: ['vxlan', 'ipip', 'wireguard', 'none'],
  [Cni.CILIUM]: ['vxlan', 'geneve', 'wireguard', 'none'],
};

function cniViolations({ cni, cniSettings }: ClusterSpec): FieldViolation[] {
  if (cniSettings === undefined) return [];
  const { mtu, encapsulation } = cniSettings;
  const at = 'spec.cniSettings';
  const offered = encapsulations[cni];
  if (offered === undefined) {
    return mtu === 0 && encapsulation === ''
      ? []
      : [{ field: at, description: 'must be empty for cni NONE: there is no plugin of ours to set up' }];
  }
  const violations: FieldViolation[] = [];
  if (mtu !== 0 && (mtu < 1280 || mtu > 65_535)) {
    violations.push({ field: `${at}.mtu`, description: "must be 0 (the plugin's own choice) or 1280 to 65535" });
  }
  if (encapsulation !== '' && !offered.includes(encapsulation)) {
    const description = `must be one of ${offered.join(', ')} with ${Cni[cni] ?? ''}`;
    violations.push({ field: `${at}.encapsulation`, description });
  }
  return violations;
}

/** A cluster that exists already: its control plane, version and network are its own. */
function externalViolations(spec: ClusterSpec): FieldViolation[] {
  const violations: FieldViolation[] = endpointViolations(spec.endpoint);
  const refuse = (field: string, description: string): void => void violations.push({ field, description });
  if (!/^v1\.\d+\.\d+/.test(spec.kubernetesVersion)) {
    refuse('spec.kubernetesVersion', 'must be the version that the cluster runs, such as v1.34.4');
  }
  if (spec.cni !== Cni.NONE) refuse('spec.cni', 'must be NONE for an EXTERNAL cluster, which has its network already');
  if (spec.availability === Availability.REGIONAL)
    refuse('spec.availability', 'must not be REGIONAL for an EXTERNAL cluster, whose control plane is not ours');
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
    return [
      {
        field: 'spec.endpoint',
        description:
          'must be a DNS name, VIP or load balancer for several replicas: the address of one machine dies with it',
      },
    ];
  }
  return [];
}

/** Problems of a resource's name. */
export function nameViolations(field: string, name: string): FieldViolation[] {
  const problem = dnsLabelProblem(name);
  return problem === undefined ? [] : [{ field, description: problem }];
}
