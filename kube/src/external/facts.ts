import { createHash } from 'node:crypto';
import { FlotillaError } from '@flotilla/kit';
import type { CallOptions, KubeAt, KubeClient, KubeErrorCode, KubeVersion } from '../contract.js';
import type { KubeConfigMap } from '../objects.js';
import { parseClusterInfo, parseKubeadmConfig, type KubeadmFacts } from './facts-text.js';
import { certificatesOf } from './kubeconfig-parts.js';

/** What must be known of an existing cluster before a node can join it. */
export interface ExternalClusterFacts extends KubeadmFacts {
  readonly version: KubeVersion;
  /** `host:port` that nodes reach, as the cluster itself publishes it in kube-public/cluster-info. */
  readonly endpoint: string | undefined;
  /** CA of the cluster, PEM; may hold several certificates during a rotation. */
  readonly caPem: string | undefined;
  /** `sha256:<hex of SPKI>` of each, as kubeadm takes them. */
  readonly caCertHashes: readonly string[];
  /**
   * Whether the signer of cluster-info runs: `signs` and `silent` are seen from bootstrap tokens that are there,
   * `unknown` means there is none to see it from.
   */
  readonly bootstrapSigner: 'signs' | 'silent' | 'unknown';
  /** No node can join while there are any. */
  readonly missing: readonly MissingForJoin[];
}

export interface MissingForJoin {
  readonly code:
    | 'CLUSTER_INFO_MISSING'
    | 'CLUSTER_INFO_UNREADABLE'
    | 'KUBEADM_CONFIG_MISSING'
    | 'KUBELET_CONFIG_MISSING'
    | 'BOOTSTRAP_SIGNER_SILENT';
  /** One sentence. */
  readonly message: string;
  /** In the imperative. */
  readonly remedy: string;
}

const clusterInfoAt = { namespace: 'kube-public', name: 'cluster-info' };
const kubeadmConfigAt = { namespace: 'kube-system', name: 'kubeadm-config' };
const kubeletConfigAt = { namespace: 'kube-system', name: 'kubelet-config' };
const onControlPlane = 'On a control-plane node of that cluster run:';
/** A token this young may not be signed yet, wherever its clock and ours stand. */
const signingMsMax = 60_000;

/**
 * Reads what {@link ExternalClusterFacts} says. What the cluster does not have, or does not let us read, is told and
 * not thrown; fails like any call when the API server does not answer. `nowMs` is wall time.
 */
export async function externalClusterFacts(
  client: KubeClient,
  nowMs: number,
  options: CallOptions = {},
): Promise<ExternalClusterFacts> {
  const [version, info, kubeadm, kubelet] = await Promise.all([
    client.version(options),
    readable(client, clusterInfoAt, options),
    readable(client, kubeadmConfigAt, options),
    readable(client, kubeletConfigAt, options),
  ]);
  const clusterInfo = info === undefined ? undefined : parseClusterInfo(info.data['kubeconfig'] ?? '');
  const bootstrapSigner = info === undefined ? 'unknown' : await signerState(client, info, nowMs, options);
  const missing: MissingForJoin[] = [];
  if (info === undefined)
    missing.push(absent('CLUSTER_INFO_MISSING', clusterInfoAt, 'kubeadm init phase bootstrap-token'));
  else if (clusterInfo === undefined) missing.push(unreadableInfo);
  if (kubeadm === undefined)
    missing.push(absent('KUBEADM_CONFIG_MISSING', kubeadmConfigAt, 'kubeadm init phase upload-config kubeadm'));
  if (kubelet === undefined)
    missing.push(absent('KUBELET_CONFIG_MISSING', kubeletConfigAt, 'kubeadm init phase upload-config kubelet'));
  if (bootstrapSigner === 'silent') missing.push(silentSigner);
  return {
    version,
    endpoint: clusterInfo?.endpoint,
    caPem: clusterInfo?.caPem,
    caCertHashes: clusterInfo === undefined ? [] : caCertHashes(clusterInfo.caPem),
    ...parseKubeadmConfig(kubeadm?.data['ClusterConfiguration'] ?? ''),
    bootstrapSigner,
    missing,
  };
}

/** `sha256:<hex of SPKI>` of every certificate of a PEM text, as `kubeadm join` takes them; each once. */
export function caCertHashes(caPem: string): readonly string[] {
  const hashes = certificatesOf(caPem).map(({ publicKey }) => {
    const spki = publicKey.export({ type: 'spki', format: 'der' });
    return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
  });
  return [...new Set(hashes)];
}

/** Undefined when it is not there or may not be read; checkRights tells the second from the first. */
async function readable(client: KubeClient, at: KubeAt, options: CallOptions): Promise<KubeConfigMap | undefined> {
  try {
    return await client.get('configmaps', at, options);
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

/** Tokens meant for signing whose signature is in cluster-info, or is not there though the token is old enough. */
async function signerState(
  client: KubeClient,
  info: KubeConfigMap,
  nowMs: number,
  options: CallOptions,
): Promise<ExternalClusterFacts['bootstrapSigner']> {
  if (Object.keys(info.data).some((key) => key.startsWith('jws-kubeconfig-'))) return 'signs';
  try {
    const selector = { namespace: 'kube-system', fieldSelector: 'type=bootstrap.kubernetes.io/token' };
    const tokens = await client.listAll('secrets', { ...selector, ...options });
    const waiting = tokens.filter(({ meta, data }) => {
      const text = (key: string): string => Buffer.from(data[key] ?? []).toString('utf8');
      const signs = text('usage-bootstrap-signing') === 'true' && !(Date.parse(text('expiration')) < nowMs);
      return signs && nowMs - (meta.createdAtMs ?? nowMs) > signingMsMax;
    });
    return waiting.length > 0 ? 'silent' : 'unknown';
  } catch (error) {
    if (isForbidden(error)) return 'unknown';
    throw error;
  }
}

function isForbidden(error: unknown): boolean {
  const code: KubeErrorCode = 'KUBE_FORBIDDEN';
  return error instanceof FlotillaError && error.code === code;
}

function absent(code: MissingForJoin['code'], at: KubeAt, command: string): MissingForJoin {
  const message = `The cluster has no ConfigMap ${at.namespace ?? ''}/${at.name} that can be read, which kubeadm needs to join nodes.`;
  return { code, message, remedy: `${onControlPlane} ${command}` };
}

const unreadableInfo: MissingForJoin = {
  code: 'CLUSTER_INFO_UNREADABLE',
  message: 'The ConfigMap kube-public/cluster-info holds no kubeconfig with the address and the CA of the cluster.',
  remedy: `${onControlPlane} kubeadm init phase bootstrap-token`,
};

const silentSigner: MissingForJoin = {
  code: 'BOOTSTRAP_SIGNER_SILENT',
  message:
    'Nobody signs kube-public/cluster-info for the bootstrap tokens that are there, so that no node can trust it.',
  remedy: 'Start kube-controller-manager with --controllers=*,bootstrapsigner,tokencleaner.',
};
