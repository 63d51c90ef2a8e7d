import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mastersRequest, servingRequest, strangeNamesRequest } from '../testing/certificate-requests.js';
import { canonicalIp, parseCertificateRequest } from './csr-der.js';

describe('certificate requests', () => {
  test('say who asks for which names', () => {
    expect(parseCertificateRequest(servingRequest)).toEqual({
      commonNames: ['system:node:web-1'],
      organizations: ['system:nodes'],
      otherSubjectParts: 0,
      dnsNames: ['web-1'],
      ipAddresses: ['10.0.0.10', 'fd00:0:0:0:0:0:0:10'],
      otherNames: 0,
    });
    expect(parseCertificateRequest(strangeNamesRequest)).toMatchObject({ ipAddresses: ['10.0.0.99'], otherNames: 1 });
    expect(parseCertificateRequest(mastersRequest)).toMatchObject({
      organizations: ['system:nodes', 'system:masters'],
      dnsNames: [],
    });
  });

  test.each([
    '',
    'x',
    '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----',
    'x'.repeat(20_000),
  ])('%# is none', (text) => {
    expect(parseCertificateRequest(text)).toBeUndefined();
  });

  test('mutated bytes are a request or none, and never throw', () => {
    const body = Buffer.from(servingRequest.split('\n').slice(1, -2).join(''), 'base64');
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.nat(255), fc.nat(body.length), (at, value, length) => {
        const mutated = Buffer.from(body.subarray(0, length));
        if (at < mutated.length) mutated[at] = value;
        const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${mutated.toString('base64')}\n-----END CERTIFICATE REQUEST-----`;
        parseCertificateRequest(pem);
      }),
      { numRuns: 2000, seed: 1 },
    );
  });
});

test('addresses have one form', () => {
  expect(canonicalIp('10.0.0.1')).toBe('10.0.0.1');
  expect(canonicalIp('FD00::10')).toBe('fd00:0:0:0:0:0:0:10');
  expect(canonicalIp('fe80::1%eth0')).toBe('fe80:0:0:0:0:0:0:1');
  expect(canonicalIp('::')).toBe('0:0:0:0:0:0:0:0');
  for (const bad of ['', 'x', '1::2::3', '1:2:3', '12345::']) expect(canonicalIp(bad)).toBeUndefined();
});
