import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { KubeconfigUser } from './kubeconfig-types.js';
import type { StrictMap } from './problems.js';

const flatten = 'Embed the file: kubectl config view --raw --minify --flatten';
const serviceAccount =
  'Make a service account with the rights that are needed, and give a kubeconfig with its token or a client certificate.';
const certificatesMax = 20;

/** `server` and `tls-server-name` of a cluster. */
export function readServer(
  cluster: StrictMap,
): { readonly server: string; readonly serverName: string | undefined } | undefined {
  const { problems } = cluster;
  const text = cluster.text('server');
  const serverName = cluster.text('tls-server-name');
  cluster.ignore('extensions', 'disable-compression');
  if (cluster.has('proxy-url'))
    problems.add(cluster.at('proxy-url'), 'is not supported', 'Give an address that is reached without a proxy.');
  if (cluster.raw('insecure-skip-tls-verify') === true) {
    const remedy = 'Remove it, and give the CA of the cluster as certificate-authority-data.';
    problems.add(cluster.at('insecure-skip-tls-verify'), 'must not be on: anybody could pose as the cluster', remedy);
  }
  if (serverName !== undefined && !/^[a-z0-9.:-]{1,253}$/i.test(serverName))
    problems.add(cluster.at('tls-server-name'), 'must be a name or an address', 'Correct it, or remove it.');
  const wrong = text === undefined ? 'is missing' : serverProblem(text);
  if (text === undefined || wrong !== undefined) {
    return problems.add(cluster.at('server'), wrong ?? '', 'Give the API server itself, as https://host:port.');
  }
  return { server: new URL(text).origin, serverName };
}

function serverProblem(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return 'must be a URL';
  if (url.protocol !== 'https:') return 'must start with https://';
  if (url.username !== '' || url.password !== '') return 'must not hold credentials';
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    return 'must end after the port: addresses behind a gateway with a path are not supported';
  return undefined;
}

/** The CA of a cluster, as PEM. */
export function readAuthority(cluster: StrictMap): string | undefined {
  const { problems } = cluster;
  const key = 'certificate-authority-data';
  if (cluster.has('certificate-authority'))
    problems.add(cluster.at('certificate-authority'), 'must not be the path of a file', flatten);
  if (!cluster.has(key)) {
    const remedy = 'Give the CA of the cluster, /etc/kubernetes/pki/ca.crt on its control plane, in base64.';
    return cluster.has('certificate-authority') ? undefined : problems.add(cluster.at(key), 'is missing', remedy);
  }
  const pem = pemOf(cluster, key);
  if (pem === undefined) return undefined;
  const certificates = certificatesOf(pem);
  if (certificates.length === 0 || certificates.length > certificatesMax) {
    return problems.add(cluster.at(key), `must hold 1 to ${certificatesMax} certificates in PEM`, flatten);
  }
  return certificates.every((certificate) => certificate.ca)
    ? pem
    : problems.add(
        cluster.at(key),
        'holds a certificate that is no CA',
        'Give the certificate of the CA, not that of the server.',
      );
}

/** Every certificate of a PEM text; none when one of them cannot be read. */
export function certificatesOf(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return [];
  }
}

const refusedUserFields: readonly (readonly [string, string, string])[] = [
  ['exec', 'must not run a program', serviceAccount],
  ['auth-provider', 'is not supported', serviceAccount],
  ['username', 'is not supported: Kubernetes has no passwords', serviceAccount],
  ['password', 'is not supported: Kubernetes has no passwords', serviceAccount],
  ['tokenFile', 'must not be the path of a file', 'Give the token itself as token.'],
  ['client-certificate', 'must not be the path of a file', flatten],
  ['client-key', 'must not be the path of a file', flatten],
  ...['as', 'as-uid', 'as-groups', 'as-user-extra'].map(
    (key) => [key, 'is not supported', 'Give the credentials of the identity itself.'] as const,
  ),
];

/** Who we are: a client certificate with its key, else a token. */
export function readUser(user: StrictMap): KubeconfigUser | undefined {
  const { problems } = user;
  let refused = false;
  for (const [key, description, remedy] of refusedUserFields) {
    // An empty auth-provider or user name is what old tools leave behind.
    const value = user.raw(key);
    if (value === undefined || value === '') continue;
    problems.add(user.at(key), description, remedy);
    refused = true;
  }
  user.ignore('extensions');
  const token = user.text('token');
  if (user.has('client-certificate-data') || user.has('client-key-data')) return readCertificate(user);
  if (token === undefined) return refused ? undefined : problems.add(user.path, 'has no credentials', serviceAccount);
  // What may stand in a header: anything else is a mistake, or an attempt to add a header.
  if (!/^[\x21-\x7e]{1,16384}$/.test(token))
    return problems.add(user.at('token'), 'holds characters that no token has', serviceAccount);
  return { kind: 'token', token };
}

function readCertificate(user: StrictMap): KubeconfigUser | undefined {
  const { problems } = user;
  const [certificateKey, keyKey] = ['client-certificate-data', 'client-key-data'];
  for (const key of [certificateKey, keyKey])
    if (!user.has(key)) problems.add(user.at(key), 'is missing, but the other half is there', flatten);
  const certificatePem = user.has(certificateKey) ? pemOf(user, certificateKey) : undefined;
  const keyPem = user.has(keyKey) ? pemOf(user, keyKey) : undefined;
  const certificate = certificatePem === undefined ? undefined : certificatesOf(certificatePem)[0];
  if (certificatePem !== undefined && certificate === undefined)
    problems.add(user.at(certificateKey), 'holds no certificate in PEM', flatten);
  const key = keyPem === undefined ? undefined : privateKey(keyPem);
  if (keyPem !== undefined && key === undefined)
    problems.add(
      user.at(keyKey),
      'holds no private key in PEM, or an encrypted one',
      'Give the key without a password.',
    );
  if (certificatePem === undefined || keyPem === undefined || certificate === undefined || key === undefined)
    return undefined;
  if (!certificate.checkPrivateKey(key))
    return problems.add(user.at(keyKey), 'is not the key of the certificate', 'Give the pair that belongs together.');
  return { kind: 'certificate', certificatePem, keyPem, expiresAtMs: Date.parse(certificate.validTo) };
}

function privateKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

/** The text behind a base64 field; what Buffer would silently pass over is a problem. */
function pemOf(map: StrictMap, key: string): string | undefined {
  const text = map.text(key)?.replace(/\s+/g, '');
  // A value that is no text has been told already.
  if (text === undefined) return map.raw(key) === '' ? map.problems.add(map.at(key), 'is empty', flatten) : undefined;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return map.problems.add(map.at(key), 'is not base64', flatten);
  return Buffer.from(text, 'base64').toString('utf8');
}
