import { generateKeyPairSync, sign } from 'node:crypto';
import { der, derName, derOid, derTags, derTime, derUnsigned } from './der.js';
import { spkiOf } from './x509.js';

/** A CA as kubeadm makes one, good for a thousand years; made by the system's randomness. */
export function fakeClusterCa(): { readonly certificatePem: string; readonly keyPem: string } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { sequence, integer, bitString, octets, boolean } = derTags;
  const ecdsaWithSha256 = der(sequence, derOid('1.2.840.10045.4.3.2'));
  const name = derName([['2.5.4.3', 'kubernetes']]);
  const isCa = der(octets, der(sequence, der(boolean, Buffer.of(0xff))));
  const info = der(
    sequence,
    der(0xa0, der(integer, Buffer.of(2))),
    derUnsigned(Buffer.of(1)),
    ecdsaWithSha256,
    name,
    der(sequence, derTime(new Date('2000-01-01T00:00:00Z')), derTime(new Date('2999-01-01T00:00:00Z'))),
    name,
    spkiOf(privateKey),
    der(0xa3, der(sequence, der(sequence, derOid('2.5.29.19'), der(boolean, Buffer.of(0xff)), isCa))),
  );
  const certificate = der(
    sequence,
    info,
    ecdsaWithSha256,
    der(bitString, Buffer.of(0), sign('sha256', info, privateKey)),
  );
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    certificatePem: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
