/** What a value in a manifest may be. Each leaf turns what people write into proto JSON. */
export type Shape =
  | { readonly kind: 'text'; readonly wants?: string; readonly pattern?: RegExp }
  | { readonly kind: 'whole'; readonly min: number; readonly max: number; readonly nullable?: true }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'constant'; readonly prefix: string; readonly names: readonly string[] }
  | { readonly kind: 'labels' }
  | { readonly kind: 'list'; readonly of: Shape }
  | { readonly kind: 'object'; readonly fields: Readonly<Record<string, Shape>> }
  /** Written by the server; accepted so that what `-o yaml` prints can be applied, and not read. */
  | { readonly kind: 'ignored' };

const text: Shape = { kind: 'text' };
const ignored: Shape = { kind: 'ignored' };
const dnsLabel: Shape = {
  kind: 'text',
  pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
  wants: '1 to 63 of a-z, 0-9 and "-", starting and ending with a letter or digit',
};
const version: Shape = { kind: 'text', pattern: /^v\d+\.\d+\.\d+$/, wants: 'a version like v1.34.4' };
const cidr: Shape = { kind: 'text', pattern: /^[0-9a-fA-F.:]+\/\d{1,3}$/, wants: 'a network like 10.244.0.0/16' };

const meta: Shape = {
  kind: 'object',
  fields: {
    name: dnsLabel,
    labels: { kind: 'labels' },
    project: text,
    etag: ignored,
    id: ignored,
    createTime: ignored,
    updateTime: ignored,
    deleteTime: ignored,
  },
};

const location: Shape = { kind: 'object', fields: { provider: text, region: text, zone: text } };

const clusterSpec: Shape = {
  kind: 'object',
  fields: {
    controlPlaneKind: { kind: 'constant', prefix: 'CONTROL_PLANE_KIND_', names: ['SELF_PROVISIONED', 'EXTERNAL'] },
    kubernetesVersion: version,
    cni: { kind: 'constant', prefix: 'CNI_', names: ['NONE', 'FLANNEL', 'CALICO', 'CILIUM'] },
    podCidr: cidr,
    serviceCidr: cidr,
    clusterDomain: text,
    endpoint: text,
    availability: { kind: 'constant', prefix: 'AVAILABILITY_', names: ['SINGLE_ZONE', 'MULTI_ZONE', 'REGIONAL'] },
  },
};

const nodePoolSpec: Shape = {
  kind: 'object',
  fields: {
    role: { kind: 'constant', prefix: 'NODE_POOL_ROLE_', names: ['WORKER', 'CONTROL_PLANE'] },
    size: { kind: 'whole', min: 0, max: 1000, nullable: true },
    selector: {
      kind: 'object',
      fields: {
        matchLabels: { kind: 'labels' },
        os: text,
        arch: { kind: 'text', pattern: /^(amd64|arm64)$/, wants: 'amd64 or arm64' },
        minCpus: { kind: 'whole', min: 0, max: 4096 },
        minMemoryBytes: { kind: 'bytes' },
        minDiskBytes: { kind: 'bytes' },
        location,
      },
    },
    template: {
      kind: 'object',
      fields: {
        kubernetesVersion: version,
        labels: { kind: 'labels' },
        taints: {
          kind: 'list',
          of: {
            kind: 'object',
            fields: {
              key: text,
              value: text,
              effect: {
                kind: 'text',
                pattern: /^(NoSchedule|PreferNoSchedule|NoExecute)$/,
                wants: 'NoSchedule, PreferNoSchedule or NoExecute',
              },
            },
          },
        },
        maxPods: { kind: 'whole', min: 0, max: 1000 },
        skippedChecks: { kind: 'list', of: text },
      },
    },
  },
};

export type ManifestKind = 'Cluster' | 'NodePool';

/** The whole document of each kind, beside `kind` itself. */
export const manifestShapes: Readonly<Record<ManifestKind, Extract<Shape, { kind: 'object' }>>> = {
  Cluster: {
    kind: 'object',
    fields: {
      meta,
      spec: clusterSpec,
      controlPlaneReplicas: { kind: 'whole', min: 1, max: 5 },
      status: ignored,
    },
  },
  NodePool: { kind: 'object', fields: { meta, cluster: text, spec: nodePoolSpec, status: ignored } },
};

export const manifestKinds: readonly ManifestKind[] = ['Cluster', 'NodePool'];
