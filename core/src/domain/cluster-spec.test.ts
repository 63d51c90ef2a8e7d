import { Availability, ClusterSpec, Cni, ControlPlaneKind } from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import { clusterUpdateViolations, completeClusterSpec, nameViolations, splitEndpoint } from './cluster-spec.js';

const catalogue = [
  { version: 'v1.33.13', availableForNewClusters: false },
  { version: 'v1.34.4', availableForNewClusters: true },
  { version: 'v1.35.4', availableForNewClusters: true },
];
const complete = (spec: Partial<ClusterSpec> = {}, controlPlaneReplicas = 1): ReturnType<typeof completeClusterSpec> =>
  completeClusterSpec(ClusterSpec.create(spec), { catalogue, controlPlaneReplicas });
const problems = (spec: Partial<ClusterSpec>, replicas = 1): string[] =>
  complete(spec, replicas).violations.map((v) => `${v.field}: ${v.description}`);

describe('completeClusterSpec', () => {
  test('an empty spec becomes a whole one', () => {
    expect(complete()).toEqual({
      violations: [],
      value: ClusterSpec.create({
        controlPlaneKind: ControlPlaneKind.SELF_PROVISIONED,
        kubernetesVersion: 'v1.35.4',
        cni: Cni.FLANNEL,
        podCidr: '10.244.0.0/16',
        serviceCidr: '10.96.0.0/12',
        clusterDomain: 'cluster.local',
        availability: Availability.MULTI_ZONE,
      }),
    });
  });

  test('all problems come at once', () => {
    const spec = {
      kubernetesVersion: 'v1.34.5',
      podCidr: '10.1.1.1/16',
      serviceCidr: 'x',
      clusterDomain: 'A',
      endpoint: 'a b:0',
    };
    expect(problems(spec)).toEqual([
      'spec.kubernetesVersion: "v1.34.5" is not in the catalogue; did you mean v1.34.4?',
      'spec.podCidr: has host bits set; write 10.1.0.0/16',
      'spec.serviceCidr: must be an IPv4 network such as 10.244.0.0/16',
      'spec.clusterDomain: must be a DNS name of lower-case letters, digits, "-" and "."',
      'spec.endpoint: must be a DNS name or IPv4 address, optionally with a port',
      'spec.endpoint: has a port outside 1 to 65535',
    ]);
  });

  test('networks may not overlap', () => {
    expect(problems({ podCidr: '10.96.0.0/16' })).toEqual([
      "spec.serviceCidr: overlaps the pods' network 10.96.0.0/16",
    ]);
  });

  test('a retired version is told from an unknown one', () => {
    expect(problems({ kubernetesVersion: 'v1.33.13' })[0]).toMatch(/is not available for new clusters/);
  });

  test('several replicas need an endpoint and are regional', () => {
    expect(problems({}, 3)).toEqual([
      'spec.endpoint: must be a DNS name, VIP or load balancer for several replicas: the address of one machine dies with it',
    ]);
    expect(problems({ endpoint: 'k8s.example.com' }, 3)).toEqual([]);
    expect(problems({}, 2)).toEqual(['controlPlaneReplicas: must be 1, 3 or 5: an even number adds no safety']);
    expect(problems({ availability: Availability.REGIONAL })).toHaveLength(1);
  });

  test('a network plugin takes the settings that it has', () => {
    const { CALICO, CILIUM, NONE } = Cni;
    const settings = (cni: Cni, mtu: number, encapsulation: string): string[] =>
      problems({ cni, cniSettings: { mtu, encapsulation } });
    expect(settings(CALICO, 1400, 'wireguard')).toEqual([]);
    expect(settings(CILIUM, 0, 'geneve')).toEqual([]);
    expect(settings(CALICO, 900, 'geneve')).toEqual([
      "spec.cniSettings.mtu: must be 0 (the plugin's own choice) or 1280 to 65535",
      'spec.cniSettings.encapsulation: must be one of vxlan, ipip, wireguard, none with CALICO',
    ]);
    expect(settings(NONE, 1400, '')).toEqual([
      'spec.cniSettings: must be empty for cni NONE: there is no plugin of ours to set up',
    ]);
  });

  test('an imported cluster keeps its version, its network and its control plane', () => {
    const external = { controlPlaneKind: ControlPlaneKind.EXTERNAL, kubernetesVersion: 'v1.33.1' };
    const { value } = completeClusterSpec(ClusterSpec.fromPartial(external), { catalogue, controlPlaneReplicas: 0 });
    expect(value.cni).toBe(Cni.NONE);
    expect(problems(external, 0)).toEqual([]);
    expect(problems({ ...external, cni: Cni.FLANNEL, availability: Availability.REGIONAL }, 0)).toEqual([
      'spec.cni: must be NONE for an EXTERNAL cluster, which has its network already',
      'spec.availability: must not be REGIONAL for an EXTERNAL cluster, whose control plane is not ours',
    ]);
  });
});

test('immutable fields are named', () => {
  const stored = complete().value;
  const violations = clusterUpdateViolations(stored, { ...stored, podCidr: '10.0.0.0/16', cni: Cni.NONE });
  expect(violations.map((v) => v.field)).toEqual(['spec.cni', 'spec.podCidr']);
});

test('what a cluster promises can become more where its endpoint outlives a machine, and never less', () => {
  const { MULTI_ZONE, SINGLE_ZONE, REGIONAL } = Availability;
  const update = (from: Availability, to: Availability, endpoint: string): string[] => {
    const stored = ClusterSpec.create({ availability: from, endpoint });
    return clusterUpdateViolations(stored, { ...stored, availability: to }).map((v) => `${v.field}: ${v.description}`);
  };
  expect(update(SINGLE_ZONE, MULTI_ZONE, '')).toEqual([]);
  expect(update(MULTI_ZONE, REGIONAL, 'api.example.org')).toEqual([]);
  expect(update(MULTI_ZONE, REGIONAL, '')).toEqual([
    'spec.availability: cannot become REGIONAL: the cluster was made without an endpoint, so its address is that of one machine',
  ]);
  expect(update(REGIONAL, MULTI_ZONE, 'api.example.org')).toHaveLength(1);
});

test('endpoints', () => {
  expect(splitEndpoint('a.example')).toEqual({ host: 'a.example', port: 6443 });
  expect(splitEndpoint('10.0.0.5:443')).toEqual({ host: '10.0.0.5', port: 443 });
});

test('names', () => {
  expect(nameViolations('name', 'prod-1')).toEqual([]);
  expect(nameViolations('name', 'Prod')).toHaveLength(1);
});
