import { expect, test } from 'vitest';
import type { CsrVerdict } from './contract.js';
import { csrManifest, withVerdict } from './csr.js';

const approve: CsrVerdict = { type: 'Approved', uid: 'u1', reason: 'Known', message: 'm' };
const stored = (...types: readonly string[]): object => ({
  metadata: { name: 'c', uid: 'u1', resourceVersion: '7', managedFields: [{ manager: 'kubelet' }] },
  spec: { request: 'x', future: 1 },
  status: { conditions: types.map((type) => ({ type, reason: 'Before' })) },
});

test('the verdict is added, all else is kept, the version too: a change in between must be a conflict', () => {
  expect(withVerdict(stored('Failed'), approve)).toEqual({
    ...stored(),
    status: {
      conditions: [
        { type: 'Failed', reason: 'Before' },
        { type: 'Approved', status: 'True', reason: 'Known', message: 'm' },
      ],
    },
  });
});

test('twice the same is once; the opposite, or another object, is a conflict', () => {
  expect(withVerdict(stored('Approved'), approve)).toEqual(stored('Approved'));
  const conflict = expect.objectContaining({ code: 'KUBE_CONFLICT' }) as Error;
  expect(() => withVerdict(stored('Denied'), approve)).toThrow(conflict);
  expect(() => withVerdict(stored(), { ...approve, uid: 'u2' })).toThrow(conflict);
});

test('a request carries what was asked for and no more', () => {
  const manifest = csrManifest({ name: 'c', requestPem: 'PEM', signerName: 's', usages: ['client auth'] });
  expect(manifest).toEqual({
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'c' },
    spec: { request: Buffer.from('PEM').toString('base64'), signerName: 's', usages: ['client auth'] },
  });
});
