import type { Commands } from './command.js';
import { cluster, dryRun, groups, labels, name, output, selector, noHeaders } from './common.js';
import type { OptionSpec } from './types.js';

const kubernetesVersion: OptionSpec = {
  name: 'kubernetes-version',
  kind: 'text',
  value: 'version',
  help: 'for example v1.34.4',
  complete: 'version',
};
const location: OptionSpec = {
  name: 'location',
  kind: 'text',
  value: 'place',
  help: 'provider/region/zone, the later parts optional',
};

const kubeletOptions: readonly OptionSpec[] = [
  {
    name: 'system-reserved',
    kind: 'list',
    value: 'res=qty',
    help: 'kept for the host, for example memory=200Mi; may be repeated',
  },
  {
    name: 'kube-reserved',
    kind: 'list',
    value: 'res=qty',
    help: 'kept for kubelet and runtime, for example cpu=100m; may be repeated',
  },
  {
    name: 'eviction-hard',
    kind: 'list',
    value: 'sig=limit',
    help: 'pods are evicted below it, for example memory.available=200Mi; may be repeated',
  },
];
const policyOptions: readonly OptionSpec[] = [
  {
    name: 'health',
    kind: 'text',
    value: 'mode',
    choices: ['enabled', 'observe', 'disabled'],
    help: 'repair nodes, only say what would be done, or neither (default: enabled)',
  },
  {
    name: 'max-unhealthy',
    kind: 'text',
    value: 'share',
    help: 'above it nothing is repaired: a count or a share (default: 20%, at least 1)',
  },
  {
    name: 'startup-timeout',
    kind: 'duration',
    value: 'duration',
    help: 'joining longer counts as unhealthy (default: 10m)',
  },
  { name: 'no-reboot', kind: 'flag', help: 'a repair may not reboot' },
  { name: 'no-replace', kind: 'flag', help: 'a repair may not take a spare' },
  {
    name: 'strategy',
    kind: 'text',
    value: 'strategy',
    choices: ['in-place', 'replace', 'in-place-else-replace'],
    help: 'how new kubelet settings reach the nodes (default: in-place)',
  },
  {
    name: 'max-unavailable',
    kind: 'text',
    value: 'share',
    help: 'nodes that may be out of service at once because of us: a count or a share (default: 1)',
  },
  { name: 'max-surge', kind: 'text', value: 'share', help: 'spares taken in addition meanwhile (default: 0)' },
  {
    name: 'drain-timeout',
    kind: 'duration',
    value: 'duration',
    help: 'how long a node that leaves waits for its pods, then it is parked (default: 1h)',
  },
];

/** Commands that make something new. */
export const makeCommands = {
  'create cluster': {
    group: groups.make,
    summary: 'a Kubernetes cluster, with its control-plane pool',
    arguments: [name],
    options: [
      { ...kubernetesVersion, help: 'for example v1.34.4 (default: the newest for new clusters)' },
      {
        name: 'cni',
        kind: 'text',
        value: 'name',
        choices: ['flannel', 'calico', 'cilium', 'none'],
        help: 'pod network; cannot be changed later (default: flannel)',
      },
      { name: 'mtu', kind: 'whole', value: 'bytes', help: 'packet size of the pod network (default: its own choice)' },
      {
        name: 'encapsulation',
        kind: 'text',
        value: 'kind',
        choices: ['vxlan', 'geneve', 'ipip', 'wireguard', 'none'],
        help: 'how the pod network crosses hosts, as far as it can (default: its own choice)',
      },
      { name: 'control-plane-replicas', kind: 'whole', value: 'count', help: '1, 3 or 5 (default: 1)' },
      {
        name: 'availability',
        kind: 'text',
        value: 'kind',
        choices: ['single-zone', 'multi-zone', 'regional'],
        help: 'how nodes are spread',
      },
      {
        name: 'endpoint',
        kind: 'text',
        value: 'host',
        help: 'host or host:port of the API server (default: first control-plane machine)',
      },
      { name: 'pod-cidr', kind: 'text', value: 'cidr', help: 'network of pods (default: 10.244.0.0/16)' },
      { name: 'service-cidr', kind: 'text', value: 'cidr', help: 'network of services (default: 10.96.0.0/12)' },
      { name: 'cluster-domain', kind: 'text', value: 'domain', help: 'DNS domain inside (default: cluster.local)' },
      {
        name: 'external',
        kind: 'flag',
        help: 'import a cluster that exists: Flotilla adds and heals nodes, and leaves its control plane alone',
      },
      {
        name: 'kubeconfig',
        kind: 'text',
        value: 'file',
        help: 'with --external: kubeconfig of that cluster, or - for standard input; what its rights lack is listed',
        complete: 'file',
      },
      labels,
      dryRun,
      output,
    ],
    examples: [
      'flotilla create cluster demo',
      'flotilla create cluster prod --control-plane-replicas 3 --endpoint k8s.example.org',
      'flotilla create cluster old --external --kubeconfig old.kubeconfig',
    ],
    load: async () => (await import('../commands/create/cluster.js')).createCluster,
  },
  'create pool': {
    group: groups.make,
    summary: 'a pool of worker nodes',
    about:
      'Without --size the pool is open: every machine that enrolls with a token of the pool joins it. With --size, Flotilla claims that many Available machines that match.',
    arguments: [name],
    options: [
      { ...cluster, help: 'cluster it belongs to (default: the only one)' },
      { name: 'size', kind: 'whole', value: 'count', help: 'how many nodes are wanted' },
      { ...kubernetesVersion, help: "for example v1.34.4 (default: the cluster's)" },
      {
        name: 'match-label',
        kind: 'list',
        value: 'key=value',
        help: 'claim only machines with this label; may be repeated',
      },
      { name: 'os', kind: 'text', value: 'id', help: 'claim only this operating system, for example debian' },
      { name: 'arch', kind: 'text', value: 'arch', choices: ['amd64', 'arm64'], help: 'claim only this architecture' },
      { name: 'min-cpus', kind: 'whole', value: 'count', help: 'claim only machines with so many CPUs' },
      {
        name: 'min-memory',
        kind: 'text',
        value: 'size',
        help: 'claim only machines with so much memory, for example 4GiB',
      },
      { name: 'min-disk', kind: 'text', value: 'size', help: 'claim only machines with such a disk, for example 40GB' },
      { ...location, help: 'claim only machines there: provider/region/zone' },
      { name: 'node-label', kind: 'list', value: 'key=value', help: 'Kubernetes label of its nodes; may be repeated' },
      { name: 'taint', kind: 'list', value: 'taint', help: 'key=value:NoSchedule and the like; may be repeated' },
      { name: 'max-pods', kind: 'whole', value: 'count', help: 'pods per node' },
      {
        name: 'skip-check',
        kind: 'list',
        value: 'name',
        help: 'preflight check to skip, recorded on each node; may be repeated',
      },
      ...kubeletOptions,
      ...policyOptions,
      labels,
      dryRun,
      output,
    ],
    examples: [
      'flotilla create pool workers',
      'flotilla create pool batch --size 8 --min-memory 16GiB --taint dedicated=batch:NoSchedule',
      'flotilla create pool edge --health observe --strategy replace --max-surge 1 --cluster demo',
    ],
    load: async () => (await import('../commands/create/pool.js')).createPool,
  },
  'create project': {
    group: groups.make,
    summary: 'a project: a tenant of its own (instance administrators)',
    arguments: [name],
    options: [{ name: 'title', kind: 'text', value: 'text', help: 'name for people' }, labels, dryRun, output],
    examples: ["flotilla create project shop --title 'Web shop'"],
    load: async () => (await import('../commands/create/project.js')).createProject,
  },
  'token create': {
    group: groups.make,
    summary: 'a token, and the line to paste on a server',
    about: 'On a terminal it is explained; on a pipe the line stands alone.',
    arguments: [],
    options: [
      {
        name: 'pool',
        kind: 'text',
        value: 'name',
        help: 'pool the machine joins (default: none, a spare)',
        complete: 'pool',
      },
      { ...cluster, help: 'cluster of the pool, when its name is not enough' },
      { name: 'ttl', kind: 'duration', value: 'duration', help: 'valid for (default: 1h, at most 30d)' },
      { name: 'max-uses', kind: 'whole', value: 'count', help: 'machines that may use it (default: 1)' },
      { name: 'label', kind: 'list', value: 'key=value', help: 'label of each machine; may be repeated' },
      { ...location, help: 'where the machines stand: provider/region/zone' },
      { name: 'source-cidr', kind: 'list', value: 'cidr', help: 'only from these addresses; may be repeated' },
      dryRun,
      output,
    ],
    examples: ['flotilla token create --pool workers', 'flotilla token create --pool workers | ssh root@edge-7 sh'],
    load: async () => (await import('../commands/token/create.js')).createToken,
  },
  'token list': {
    group: groups.make,
    summary: 'tokens and what is left of them',
    arguments: [],
    options: [output, selector, noHeaders],
    examples: ['flotilla token list'],
    load: async () => (await import('../commands/list.js')).listOf('token'),
  },
  'token revoke': {
    group: groups.make,
    summary: 'let nobody enroll with it any more',
    arguments: [{ name: 'name', help: 'name or id of the token', complete: 'token' }],
    options: [dryRun, output],
    examples: ['flotilla token revoke f7k2q1'],
    load: async () => (await import('../commands/token/revoke.js')).revokeToken,
  },
} as const satisfies Commands;
