import type { ClusterConnector, ClusterKeys } from '@flotilla/core';
import type { Clock, Random } from '@flotilla/kit';
import { createKubeClient } from '@flotilla/kube';
import type { SecretBox } from './master-key.js';
import { newKey, privateKeyPem } from '../enroll/x509.js';

const clientKeyContext = (clusterId: string): string => `cluster/${clusterId}/client-key`;
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

/** Opens clients to API servers with the key of their cluster. */
export function clusterConnector(
  box: SecretBox,
  ports: { readonly clock: Clock; readonly random: Random },
): ClusterConnector {
  return {
    connect: async ({ clusterId, endpoint, caCertificate, clientCertificate, sealedClientKey }) =>
      createKubeClient(
        {
          server: `https://${endpoint}`,
          caPem: caCertificate,
          certificatePem: clientCertificate,
          keyPem: Buffer.from(box.open(sealedClientKey, clientKeyContext(clusterId))).toString('utf8'),
        },
        ports,
      ),
  };
}
