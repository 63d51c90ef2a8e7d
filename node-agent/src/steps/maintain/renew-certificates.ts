import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { FlotillaError } from '@flotilla/kit';
import { kubeletClientFile, kubeletClientLife } from '../../host/certificates.js';
import type { Host } from '../../host/host.js';
import { paths } from '../../host/paths.js';
import { lastLine, systemctl } from '../../host/units.js';
import { signClientCertificate, spkiOf } from '../../host/x509.js';
import type { StepContext } from '../step.js';

const pki = `${paths.etcKubernetes}/pki`;
const bootstrapFile = `${paths.etcKubernetes}/bootstrap-kubelet.conf`;
const bootstrapMsMax = 120_000;
const lookEveryMs = 2_000;
const lifeMs = 365 * 86_400_000;

/**
 * Makes the certificates of this node good again. A kubelet whose certificate is still good rotates it by itself once it
 * is started anew. One whose certificate has run out cannot: on a control plane a new one is signed by the cluster's own
 * CA, on a worker the kubelet starts from a fresh bootstrap token, and without one only joining again helps.
 */
export async function renewCertificates(context: StepContext): Promise<void> {
  const { host, clock, memory } = context;
  const controlPlane = memory.membership()?.role === 'control-plane';
  if (controlPlane) await renewControlPlane(host);
  const life = await kubeletClientLife(host);
  if (life !== undefined && life.toMs > clock.now().wallMs) return systemctl(host, 'restart', 'kubelet.service');
  if (controlPlane) {
    await signKubeletClient(context);
    return systemctl(host, 'restart', 'kubelet.service');
  }
  return bootstrapAgain(context);
}

async function renewControlPlane(host: Host): Promise<void> {
  const result = await host.run([`${paths.programs}/kubeadm`, 'certs', 'renew', 'all'], { timeoutMs: 120_000 });
  if (result.exitCode !== 0)
    throw new FlotillaError('CERTS_RENEW_FAILED', `kubeadm certs renew: ${lastLine(result.stderr)}`, {
      kind: 'unavailable',
    });
  for (const name of ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd'])
    await restartStaticPod(host, name);
}

/** Static pods read their certificates when they start; ending their container is how they are started anew. */
async function restartStaticPod(host: Host, name: string): Promise<void> {
  const on = [`${paths.programs}/ctr`, '-n', 'k8s.io'] as const;
  const found = await host.run([...on, 'containers', 'ls', '-q', `labels."io.kubernetes.container.name"==${name}`], {
    timeoutMs: 30_000,
  });
  for (const id of found.stdout.split('\n').filter((line) => line !== '')) {
    await host.run([...on, 'tasks', 'kill', '--signal', 'SIGTERM', id], { timeoutMs: 30_000 });
  }
}

/** The CA is on this host: the kubelet gets a new key and certificate under the name it has, and rotates from there. */
async function signKubeletClient({ host, clock, memory }: StepContext): Promise<void> {
  const [caCertificatePem, caKey] = [await host.read(`${pki}/ca.crt`), await host.read(`${pki}/ca.key`)];
  if (caCertificatePem === undefined || caKey === undefined)
    throw new FlotillaError('CLUSTER_CA_MISSING', `${pki}/ca.crt or ca.key is not there`, {
      kind: 'precondition',
      remedy: 'Restore /etc/kubernetes/pki from a backup.',
    });
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const nowMs = clock.now().wallMs;
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const certificate = signClientCertificate({
    caCertificatePem,
    caKey: createPrivateKey(caKey),
    publicKeySpki: spkiOf(privateKey),
    commonName: `system:node:${memory.membership()?.nodeName ?? ''}`,
    organization: 'system:nodes',
    notBefore: new Date(nowMs - 5 * 60_000),
    notAfter: new Date(nowMs + lifeMs),
    serial,
  });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  // The kubelet names its files by date and points a link at the newest.
  const file = `${paths.kubelet}/pki/kubelet-client-flotilla-${Math.floor(nowMs / 1000)}.pem`;
  await host.writeAtomic(file, `${certificate}${key}`, 0o600);
  await host.symlink(kubeletClientFile, file);
}

/** Lets the kubelet ask for a certificate as it did when it joined; the token is on disk only until it has one. */
async function bootstrapAgain(context: StepContext): Promise<void> {
  const { host, clock, signal, secrets, target } = context;
  const token = secrets?.bootstrapToken ?? '';
  const ca = await host.read(`${pki}/ca.crt`);
  if (token === '' || ca === undefined) {
    throw new FlotillaError(
      'REJOIN_NEEDED',
      `the kubelet's certificate has run out, so it cannot be renewed by itself, and there is ${token === '' ? 'no fresh bootstrap token' : 'no CA certificate'}`,
      { kind: 'precondition', remedy: 'Let the machine join again: the next rung of the repair does.' },
    );
  }
  await host.writeAtomic(bootstrapFile, bootstrapKubeconfig(target.cluster?.endpoint ?? '', ca, token), 0o600);
  try {
    await systemctl(host, 'restart', 'kubelet.service');
    const endMs = clock.now().monotonicMs + bootstrapMsMax;
    while (clock.now().monotonicMs < endMs) {
      await clock.sleep(lookEveryMs, signal);
      const life = await kubeletClientLife(host);
      if (life !== undefined && life.toMs > clock.now().wallMs) return;
    }
  } finally {
    await host.remove(bootstrapFile);
    context.dropSecrets();
  }
  throw new FlotillaError('REJOIN_NEEDED', 'the kubelet was given a bootstrap token and still has no new certificate', {
    kind: 'unavailable',
    remedy: 'Look at: journalctl -u kubelet -n 50. The next rung of the repair lets the machine join again.',
  });
}

/** JSON is YAML, and leaves nothing to quoting. */
function bootstrapKubeconfig(endpoint: string, ca: string, token: string): string {
  return `${JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'kubernetes',
          cluster: { server: `https://${endpoint}`, 'certificate-authority-data': Buffer.from(ca).toString('base64') },
        },
      ],
      users: [{ name: 'tls-bootstrap-token-user', user: { token } }],
      contexts: [{ name: 'bootstrap', context: { cluster: 'kubernetes', user: 'tls-bootstrap-token-user' } }],
      'current-context': 'bootstrap',
    },
    null,
    2,
  )}\n`;
}
