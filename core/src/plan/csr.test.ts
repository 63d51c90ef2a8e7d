import { describe, expect, test } from 'vitest';
import { mastersRequest, servingRequest, strangeNamesRequest } from '../testing/certificate-requests.js';
import { aMachineRecord } from '../testing/records.js';
import { someFacts } from '../testing/samples.js';
import { judgeCsr, type CsrFacts } from './csr.js';

const machine = aMachineRecord({
  facts: someFacts('web-1', {
    interfaces: [{ name: 'eth0', mac: '', addresses: ['10.0.0.10/24', 'fd00::10/64'], mtu: 1500 }],
  }),
});
const nodes = new Map([['web-1', { machine, removing: false }]]);
const csr = (over: Partial<CsrFacts> = {}): CsrFacts => ({
  name: 'csr-1',
  uid: 'u1',
  signerName: 'kubernetes.io/kubelet-serving',
  username: 'system:node:web-1',
  groups: ['system:nodes', 'system:authenticated'],
  usages: ['digital signature', 'server auth'],
  requestPem: servingRequest,
  ...over,
});
const problem = (over: Partial<CsrFacts>): string => {
  const verdict = judgeCsr(csr(over), nodes);
  return verdict?.approve === false ? verdict.problem : 'approved';
};

describe('serving certificates of kubelets', () => {
  test('are approved for the node itself and its own addresses', () => {
    expect(judgeCsr(csr(), nodes)).toEqual({ approve: true });
  });

  test('of other signers are not ours to judge', () => {
    expect(judgeCsr(csr({ signerName: 'kubernetes.io/kube-apiserver-client-kubelet' }), nodes)).toBeUndefined();
  });

  test.each<[string, Partial<CsrFacts>, RegExp]>([
    ['another node asks', { username: 'system:node:web-2' }, /is no node of this cluster/],
    ['a person asks', { username: 'kubernetes-admin' }, /is no node of this cluster/],
    ['it is not in the group of nodes', { groups: ['system:authenticated'] }, /not in the group/],
    [
      'it wants client authentication too',
      { usages: ['server auth', 'client auth'] },
      /client auth is not for serving/,
    ],
    ['it does not want to serve', { usages: ['digital signature'] }, /server auth is missing/],
    ['the request cannot be read', { requestPem: 'x' }, /cannot be read/],
    ['it wants to be in system:masters', { requestPem: mastersRequest }, /the subject is not/],
    ['it wants a URI', { requestPem: strangeNamesRequest }, /neither DNS names nor addresses/],
  ])('are not approved when %s', (_why, over, message) => {
    expect(problem(over)).toMatch(message);
  });

  test('are not approved for an address that the machine has not reported, nor on the way out', () => {
    const moved = new Map([['web-1', { machine: aMachineRecord({ facts: someFacts('web-1') }), removing: false }]]);
    expect(judgeCsr(csr(), moved)).toMatchObject({
      approve: false,
      problem: expect.stringContaining('fd00:0:0:0:0:0:0:10') as string,
    });
    const leaving = new Map([['web-1', { machine, removing: true }]]);
    expect(judgeCsr(csr(), leaving)).toEqual({ approve: false, problem: 'node web-1 is leaving' });
  });
});
