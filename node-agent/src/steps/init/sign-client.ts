import { createPrivateKey, createPublicKey, randomBytes, X509Certificate } from 'node:crypto';
import { FlotillaError } from '@flotilla/kit';
import type { CredentialsBox, Step, StepContext } from '../step.js';
import { paths } from '../../host/paths.js';
import { pinOf, signClientCertificate } from '../../host/x509.js';

const pki = `${paths.etcKubernetes}/pki`;
const dayMs = 86_400_000;
const lifeMs = 365 * dayMs;
/** Signed anew when less than this is left. */
const renewBeforeMs = 60 * dayMs;

export function credentialsPath(stateDir: string): string {
  return `${stateDir}/cluster-credentials.json`;
}

/** What was signed, if it is for this key and this CA and still good for a while. */
export async function readCredentials(
  context: Pick<StepContext, 'host' | 'stateDir'>,
): Promise<CredentialsBox | undefined> {
  const text = await context.host.read(credentialsPath(context.stateDir));
  if (text === undefined) return undefined;
  return JSON.parse(text) as CredentialsBox; // written by this file, readable by root only
}

async function standing(context: StepContext): Promise<boolean> {
  const box = await readCredentials(context);
  const ca = await context.host.read(`${pki}/ca.crt`);
  if (box === undefined || box.caCertificate !== ca) return false;
  const certificate = new X509Certificate(box.clientCertificate);
  const spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
  const leftMs = Date.parse(certificate.validTo) - context.clock.now().wallMs;
  return Buffer.compare(spki, wantedSpki(context)) === 0 && leftMs > renewBeforeMs;
}

function wantedSpki({ target }: StepContext): Buffer {
  const spki = Buffer.from(target.cluster?.controlPlaneClientSpki ?? Buffer.alloc(0));
  const key = spki.length === 0 ? undefined : createPublicKey({ key: spki, type: 'spki', format: 'der' });
  if (key?.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new FlotillaError('CLIENT_KEY_INVALID', 'the target has no P-256 key of the control plane', {
      kind: 'invalid-argument',
      remedy: 'The control plane and the agent disagree about their contract: run the same release of both.',
    });
  }
  return spki;
}

/**
 * Signs a client certificate for the control plane's key with the new cluster's CA. Its private key never leaves the
 * control plane, and the CA's never leaves this host.
 */
export const signClient: Step = {
  name: 'sign-client',
  phase: 'bootstrap',
  deadlineMs: 60_000,
  check: async (context) => ((await standing(context)) ? 'done' : 'needed'),
  async apply(context) {
    const caCertificate = await context.host.read(`${pki}/ca.crt`);
    const caKey = await context.host.read(`${pki}/ca.key`);
    if (caCertificate === undefined || caKey === undefined) {
      throw new FlotillaError('CLUSTER_CA_MISSING', `${pki}/ca.crt or ca.key is not there`, {
        kind: 'precondition',
        remedy: 'Restore /etc/kubernetes/pki from a backup.',
      });
    }
    const nowMs = context.clock.now().wallMs;
    const serial = randomBytes(16);
    serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
    const clientCertificate = signClientCertificate({
      caCertificatePem: caCertificate,
      caKey: createPrivateKey(caKey),
      publicKeySpki: wantedSpki(context),
      commonName: 'flotilla-control-plane',
      organization: 'kubeadm:cluster-admins',
      notBefore: new Date(nowMs - 5 * 60_000),
      notAfter: new Date(nowMs + lifeMs),
      serial,
    });
    const box: CredentialsBox = { caCertificate, caCertHash: pinOf(caCertificate), clientCertificate };
    await context.host.writeAtomic(credentialsPath(context.stateDir), `${JSON.stringify(box)}\n`, 0o600);
  },
};
