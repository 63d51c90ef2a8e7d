import type { CsrRequest, CsrVerdict } from './contract.js';
import { conflictError } from './errors.js';
import type { KubeManifest } from './objects.js';
import { JsonReader } from './read.js';

/** The object of a certificate request. */
export function csrManifest(request: CsrRequest): KubeManifest {
  const { name, requestPem, signerName, usages, expirationSeconds, labels } = request;
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name, ...(labels === undefined ? {} : { labels }) },
    spec: {
      request: Buffer.from(requestPem).toString('base64'),
      signerName,
      usages,
      ...(expirationSeconds === undefined ? {} : { expirationSeconds }),
    },
  };
}

/**
 * The request as it is, with the verdict added. A verdict of the same type stays as it is; the opposite one is
 * KUBE_CONFLICT, as is another object than the one judged.
 */
export function withVerdict(current: unknown, verdict: CsrVerdict): object {
  const csr = new JsonReader(current, 'CertificateSigningRequest');
  const uid = csr.object('metadata').name('uid');
  if (uid !== verdict.uid) throw conflictError('The certificate request was replaced by another of the same name');
  const status = csr.object('status');
  const types = status.list('conditions', (condition) => condition.text('type'));
  const opposite = verdict.type === 'Approved' ? 'Denied' : 'Approved';
  if (types.includes(opposite)) throw conflictError(`The certificate request is ${opposite.toLowerCase()} already`);
  const given = { type: verdict.type, status: 'True', reason: verdict.reason, message: verdict.message };
  const before = status.raw('conditions');
  const conditions: readonly unknown[] = Array.isArray(before) ? before : [];
  return {
    ...spread(csr),
    status: { ...spread(status), conditions: types.includes(verdict.type) ? conditions : [...conditions, given] },
  };
}

function spread(object: JsonReader): Record<string, unknown> {
  return Object.fromEntries(object.keys().map((key) => [key, object.raw(key)]));
}
