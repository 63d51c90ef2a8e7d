import type { ClusterConnection, ClusterConnector, ClusterKeys } from '@flotilla/core';
import { FlotillaError, type Clock, type Random } from '@flotilla/kit';
import { connectionOf, createKubeClient, parseKubeconfig, type KubeEndpoint } from '@flotilla/kube';
import type { ExternalPort } from '../api/parts.js';
import type { SecretBox } from './master-key.js';
import { newKey, privateKeyPem } from '../enroll/x509.js';

const clientKeyContext = (clusterId: string): string => `cluster/${clusterId}/client-key`;
const kubeconfigContext = (clusterId: string): string => `cluster/${clusterId}/kubeconfig`;
const certificateKeyContext = (clusterId: string): string => `cluster/${clusterId}/certificate-key`;

/** Makes and opens the secrets of clusters; they lie in the store, sealed for their cluster. */
export function clusterKeys(box: SecretBox, random: Random): ClusterKeys {
  return {
    async create(clusterId) {
      const key = newKey();
      return {
        clientSpki: key.spki,
        sealedClientKey: box.seal(Buffer.from(privateKeyPem(key)), clientKeyContext(clusterId)),
        sealedCertificateKey: box.seal(random.bytes(32), certificateKeyContext(clusterId)),
      };
    },
    openCertificateKey: async (clusterId, sealed) =>
      Buffer.from(box.open(sealed, certificateKeyContext(clusterId))).toString('hex'),
  };
}

/** Opens clients to API servers: with the key of a cluster of ours, or with the kubeconfig of an imported one. */
export function clusterConnector(
  box: SecretBox,
  ports: { readonly clock: Clock; readonly random: Random },
): ClusterConnector {
  return {
    connect: async (to) => createKubeClient(to.sealedKubeconfig.length > 0 ? imported(box, to) : own(box, to), ports),
  };
}

function own(box: SecretBox, to: ClusterConnection): KubeEndpoint {
  return {
    server: `https://${to.endpoint}`,
    caPem: to.caCertificate,
    certificatePem: to.clientCertificate,
    keyPem: Buffer.from(box.open(to.sealedClientKey, clientKeyContext(to.clusterId))).toString('utf8'),
  };
}

function imported(box: SecretBox, to: ClusterConnection): KubeEndpoint {
  const text = Buffer.from(box.open(to.sealedKubeconfig, kubeconfigContext(to.clusterId))).toString('utf8');
  const parsed = parseKubeconfig(text);
  if (parsed.ok) return connectionOf(parsed.kubeconfig);
  // It was good when it was imported: the rules have become stricter since.
  throw new FlotillaError('KUBECONFIG_REFUSED', 'The imported kubeconfig is not accepted any more.', {
    kind: 'precondition',
    remedy: 'Give a new one: flotilla edit cluster, or UpdateCluster with the mask "kubeconfig".',
    violations: parsed.problems.map(({ field, description }) => ({ field: `kubeconfig.${field}`, description })),
  });
}

/** Reaches clusters that are to be imported, and seals their kubeconfigs for the store. */
export function externalPort(box: SecretBox, ports: { readonly clock: Clock; readonly random: Random }): ExternalPort {
  return {
    connect: (kubeconfig) => createKubeClient(connectionOf(kubeconfig), ports),
    seal: (clusterId, kubeconfig) => box.seal(Buffer.from(kubeconfig), kubeconfigContext(clusterId)),
  };
}
