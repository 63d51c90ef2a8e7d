import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TestKey {
  readonly keyPem: string;
  readonly certPem: string;
  /** As curl and wget take it. */
  readonly pin: string;
}

/** A fresh self-signed key, so that only the pin can make a download trustworthy. */
export function makeTestKey(dir: string, name: string): TestKey {
  const [key, cert] = [join(dir, `${name}.key`), join(dir, `${name}.crt`)];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  execFileSync(
    'openssl',
    ['req', '-x509', ...curve, '-noenc', '-days', '2', '-subj', '/CN=fake', '-keyout', key, '-out', cert],
    { stdio: 'pipe' },
  );
  const certPem = readFileSync(cert, 'utf8');
  const spki = new X509Certificate(certPem).publicKey.export({ type: 'spki', format: 'der' });
  return {
    keyPem: readFileSync(key, 'utf8'),
    certPem,
    pin: `sha256//${createHash('sha256').update(spki).digest('base64')}`,
  };
}
