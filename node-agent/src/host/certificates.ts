import { X509Certificate } from 'node:crypto';
import type { Host } from './host.js';
import { paths } from './paths.js';

/** When a certificate is good, in wall ms. */
export interface CertificateLife {
  /** Its file. */
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
}

const pki = `${paths.etcKubernetes}/pki`;
/** Files of kubeadm's control planes; those that are not there (an external etcd, for example) are left out. */
const controlPlaneFiles = [
  'ca.crt',
  'apiserver.crt',
  'apiserver-kubelet-client.crt',
  'apiserver-etcd-client.crt',
  'front-proxy-ca.crt',
  'front-proxy-client.crt',
  'etcd/ca.crt',
  'etcd/server.crt',
  'etcd/peer.crt',
  'etcd/healthcheck-client.crt',
].map((name) => `${pki}/${name}`);
const kubeconfigs = ['admin.conf', 'controller-manager.conf', 'scheduler.conf'].map(
  (name) => `${paths.etcKubernetes}/${name}`,
);

export const kubeletClientFile = `${paths.kubelet}/pki/kubelet-client-current.pem`;
const kubeletServerFile = `${paths.kubelet}/pki/kubelet-server-current.pem`;

/** The first certificate of a PEM text or of a kubeconfig; undefined when there is none that can be read. */
export function certificateLife(name: string, text: string): CertificateLife | undefined {
  const embedded = /^\s*client-certificate-data:\s*(\S+)$/m.exec(text)?.[1];
  const pem = embedded === undefined ? text : Buffer.from(embedded, 'base64').toString('utf8');
  const block = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(pem)?.[0];
  if (block === undefined) return undefined;
  try {
    const { validFrom, validTo } = new X509Certificate(block);
    return { name, fromMs: Date.parse(validFrom), toMs: Date.parse(validTo) };
  } catch {
    return undefined;
  }
}

/** Every certificate that this host lives by. */
export async function certificateLives(
  host: Host,
  { stateDir, joined, controlPlane }: { stateDir: string; joined: boolean; controlPlane: boolean },
): Promise<readonly CertificateLife[]> {
  const files = [
    `${stateDir}/tls.crt`,
    ...(joined ? [kubeletClientFile, kubeletServerFile] : []),
    ...(joined && controlPlane ? [...controlPlaneFiles, ...kubeconfigs] : []),
  ];
  const lives: CertificateLife[] = [];
  for (const file of files) {
    const text = await host.read(file);
    const life = text === undefined ? undefined : certificateLife(file, text);
    if (life !== undefined) lives.push(life);
  }
  return lives;
}

/** The kubelet's own client certificate; undefined when it has none. */
export async function kubeletClientLife(host: Host): Promise<CertificateLife | undefined> {
  const text = await host.read(kubeletClientFile);
  return text === undefined ? undefined : certificateLife(kubeletClientFile, text);
}
