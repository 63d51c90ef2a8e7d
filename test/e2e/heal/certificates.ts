import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { signClientCertificate } from '../../../node-agent/src/host/x509.js';
import type { Server } from '../../testbed/index.js';

const dayMs = 86_400_000;

/** Gives a worker's kubelet a client certificate that ran out yesterday, as after a long time without power. */
export async function expireKubelet(worker: Server, controlPlane: Server): Promise<void> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = signClientCertificate({
    caCertificatePem: await controlPlane.readFile('/etc/kubernetes/pki/ca.crt'),
    caKey: createPrivateKey(await controlPlane.readFile('/etc/kubernetes/pki/ca.key')),
    publicKeySpki: createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
    commonName: `system:node:${worker.name}`,
    organization: 'system:nodes',
    notBefore: new Date(Date.now() - 30 * dayMs),
    notAfter: new Date(Date.now() - dayMs),
    serial: Buffer.from('41424344454647484950515253545556', 'hex'),
  });
  const file = '/var/lib/kubelet/pki/kubelet-client-expired.pem';
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  await worker.writeFile(file, `${certificate}${key}`, 0o600);
  await worker.execOk(['ln', '-sfn', file, '/var/lib/kubelet/pki/kubelet-client-current.pem']);
  await worker.execOk(['systemctl', 'restart', '--no-block', 'kubelet']);
}
