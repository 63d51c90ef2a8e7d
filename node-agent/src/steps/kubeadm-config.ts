import { Bootstrap, MachineRole, type MachineTarget } from '@flotilla/proto';
import { paths } from '../host/paths.js';
import type { HostFacts, SecretsInHand } from './step.js';

const kubeadmApi = 'kubeadm.k8s.io/v1beta4';

/** What the host allows, found by probing it. */
export interface HostAllowance {
  /** The kubelet may insist on its kernel settings. */
  readonly kernelDefaults: boolean;
  /** kube-proxy may set the size of the connection table. */
  readonly conntrack: boolean;
}

/** Prefixes a kubelet may set on its own node; NodeRestriction refuses the rest of *.kubernetes.io and *.k8s.io. */
const restrictedDomain = /(^|\.)(kubernetes\.io|k8s\.io)$/;
const allowedDomain = /(^|\.)(kubelet\.kubernetes\.io|node\.kubernetes\.io)$/;
const allowedKeys = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
]);

/** Labels the kubelet may register with; the control plane sets the others through the API server. */
export function registrableLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(labels).filter(([key]) => {
      const domain = key.includes('/') ? key.slice(0, key.indexOf('/')) : '';
      return !restrictedDomain.test(domain) || allowedDomain.test(domain) || allowedKeys.has(key);
    }),
  );
}

/** JSON documents are YAML documents, and leave nothing to quoting. */
function documents(...parts: readonly object[]): string {
  return parts.map((part) => `${JSON.stringify(part, null, 2)}\n`).join('---\n');
}

function nodeRegistration(target: MachineTarget, facts: HostFacts): object {
  const labels = Object.entries(registrableLabels(target.labels)).sort(([left], [right]) => (left < right ? -1 : 1));
  const kubeletExtraArgs = [
    { name: 'node-ip', value: facts.nodeAddress },
    ...(target.providerId === '' ? [] : [{ name: 'provider-id', value: target.providerId }]),
    ...(labels.length === 0
      ? []
      : [{ name: 'node-labels', value: labels.map(([key, value]) => `${key}=${value}`).join(',') }]),
  ];
  // No list keeps kubeadm's default: a taint on control planes, none on workers.
  const taints = target.taints.map(({ key, value, effect }) => ({ key, ...(value === '' ? {} : { value }), effect }));
  return {
    name: target.nodeName,
    criSocket: `unix://${paths.containerdSocket}`,
    imagePullPolicy: 'IfNotPresent',
    kubeletExtraArgs,
    ...(taints.length === 0 ? {} : { taints }),
    // kubeadm's own list of supported hosts knows no cgroup v1 from 1.35 on; our preflight has warned about it.
    ...(facts.cgroupVersion === 1 ? { ignorePreflightErrors: ['SystemVerification'] } : {}),
  };
}

export interface InitInput {
  readonly target: MachineTarget;
  readonly facts: HostFacts;
  readonly allowance: HostAllowance;
  readonly patchesDir: string;
  /** Random, and gone after a minute: kubeadm insists on making one, and nobody shall use it. */
  readonly throwawayToken: string;
  /** Hex; encrypts the certificates that further members fetch. Empty when there are none to come. */
  readonly certificateKey?: string;
}

/** The configuration of `kubeadm init`. */
export function initConfig(input: InitInput): string {
  const { target, facts, allowance, patchesDir, throwawayToken, certificateKey = '' } = input;
  const cluster = target.cluster;
  const { host, port } = endpointOf(target, facts);
  return documents(
    {
      apiVersion: kubeadmApi,
      kind: 'InitConfiguration',
      bootstrapTokens: [
        {
          token: throwawayToken,
          ttl: '1m0s',
          usages: ['signing', 'authentication'],
          groups: ['system:bootstrappers:kubeadm:default-node-token'],
        },
      ],
      localAPIEndpoint: { advertiseAddress: facts.nodeAddress, bindPort: 6443 },
      nodeRegistration: nodeRegistration(target, facts),
      patches: { directory: patchesDir },
      ...(certificateKey === '' ? {} : { certificateKey }),
    },
    {
      apiVersion: kubeadmApi,
      kind: 'ClusterConfiguration',
      clusterName: cluster?.name ?? '',
      kubernetesVersion: target.kubernetesVersion,
      controlPlaneEndpoint: `${host.includes(':') ? `[${host}]` : host}:${port}`,
      networking: {
        podSubnet: cluster?.podCidr || '10.244.0.0/16',
        serviceSubnet: cluster?.serviceCidr || '10.96.0.0/12',
        dnsDomain: cluster?.clusterDomain || 'cluster.local',
      },
      apiServer: {
        certSANs: [...new Set([host, facts.nodeAddress, target.nodeName, ...(cluster?.apiServerSans ?? [])])].filter(
          (san) => san !== '',
        ),
        extraArgs: [
          { name: 'profiling', value: 'false' },
          { name: 'enable-admission-plugins', value: 'NodeRestriction' },
        ],
      },
      controllerManager: { extraArgs: [{ name: 'profiling', value: 'false' }] },
      scheduler: { extraArgs: [{ name: 'profiling', value: 'false' }] },
    },
    {
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      cgroupDriver: 'systemd',
      authentication: { anonymous: { enabled: false }, webhook: { enabled: true } },
      authorization: { mode: 'Webhook' },
      readOnlyPort: 0,
      rotateCertificates: true,
      serverTLSBootstrap: true,
      streamingConnectionIdleTimeout: '1h0m0s',
      tlsMinVersion: 'VersionTLS12',
    },
    {
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      mode: 'nftables',
      ...(allowance.conntrack ? {} : { conntrack: { maxPerCore: 0, min: 0 } }),
    },
  );
}

/** The configuration of `kubeadm init phase upload-certs`: the key, and what kubeadm wants to see beside it. */
export function uploadConfig(target: MachineTarget, facts: HostFacts, certificateKey: string): string {
  return documents(
    {
      apiVersion: kubeadmApi,
      kind: 'InitConfiguration',
      localAPIEndpoint: { advertiseAddress: facts.nodeAddress, bindPort: 6443 },
      nodeRegistration: { name: target.nodeName, criSocket: `unix://${paths.containerdSocket}` },
      certificateKey,
    },
    { apiVersion: kubeadmApi, kind: 'ClusterConfiguration', kubernetesVersion: target.kubernetesVersion },
  );
}

function endpointOf(target: MachineTarget, facts: HostFacts): { host: string; port: string } {
  const given = target.cluster?.endpoint ?? '';
  const colon = given.lastIndexOf(':');
  if (colon < 0) return { host: facts.nodeAddress, port: '6443' };
  return { host: given.slice(0, colon).replace(/^\[|\]$/g, ''), port: given.slice(colon + 1) };
}

/** The configuration of `kubeadm join`; it holds the token, so the file is 0600 and goes when kubeadm ends. */
export function joinConfig(
  target: MachineTarget,
  facts: HostFacts,
  secrets: SecretsInHand,
  patchesDir: string,
): string {
  const asControlPlane = target.role === MachineRole.CONTROL_PLANE && target.cluster?.bootstrap !== Bootstrap.INIT;
  return documents({
    apiVersion: kubeadmApi,
    kind: 'JoinConfiguration',
    discovery: {
      bootstrapToken: {
        token: secrets.bootstrapToken,
        apiServerEndpoint: target.cluster?.endpoint ?? '',
        caCertHashes: target.cluster?.caCertHashes ?? [],
      },
    },
    nodeRegistration: nodeRegistration(target, facts),
    patches: { directory: patchesDir },
    ...(asControlPlane
      ? {
          controlPlane: {
            localAPIEndpoint: { advertiseAddress: facts.nodeAddress, bindPort: 6443 },
            certificateKey: secrets.certificateKey,
          },
        }
      : {}),
  });
}

/** What holds for this host only, laid over the cluster's kubelet configuration. The pool's settings lie beside it. */
export function kubeletPatch(facts: HostFacts, allowance: HostAllowance): string {
  return documents({
    protectKernelDefaults: allowance.kernelDefaults,
    ...(facts.cgroupVersion === 1 ? { failCgroupV1: false } : {}),
  });
}
