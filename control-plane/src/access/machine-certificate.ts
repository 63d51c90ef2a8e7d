import { X509Certificate } from 'node:crypto';
import type { Store } from '@flotilla/core';
import type { Clock } from '@flotilla/kit';
import type { MachineIdentity } from './identity.js';

interface ReadCertificate {
  readonly serial: string;
  readonly machineId: string;
  readonly projectId: string;
  readonly notAfterMs: number;
  readonly notBeforeMs: number;
}

const identityUri = /^URI:spiffe:\/\/flotilla\/ins_[a-z0-9]+\/project\/(prj_[a-z0-9]+)\/machine\/(mch_[a-z0-9]+)$/;

/** Knows machines by the certificate of their connection. Signature and time are checked here, not by the handshake. */
export class MachineCertificates {
  // One entry per connection, gone with it: the signature is verified once, the rest at every call.
  readonly #read = new WeakMap<Buffer, ReadCertificate | 'foreign'>();

  constructor(
    private readonly parts: {
      readonly reads: Pick<Store['read'], 'certificate'>;
      readonly clock: Clock;
      readonly issued: (certificate: Buffer) => boolean;
    },
  ) {}

  /** The machine behind a certificate (DER); undefined when it is none of ours, or not valid yet. */
  async identify(certificate: Buffer): Promise<MachineIdentity | undefined> {
    const read = this.#readOnce(certificate);
    if (read === 'foreign') return undefined;
    const { serial, machineId, projectId } = read;
    const nowMs = this.parts.clock.now().wallMs;
    if (read.notBeforeMs > nowMs) return undefined;
    const record = await this.parts.reads.certificate(serial);
    // Signed by us but not in the store: the store was restored from before the enrolment.
    const revoked = record === undefined || record.state === 'REVOKED' || record.machineId !== machineId;
    const state = revoked ? 'revoked' : read.notAfterMs <= nowMs ? 'expired' : 'valid';
    return { kind: 'machine', machineId, projectId, certificate, serial, state };
  }

  #readOnce(certificate: Buffer): ReadCertificate | 'foreign' {
    let read = this.#read.get(certificate);
    if (read === undefined) {
      read = this.#parse(certificate);
      this.#read.set(certificate, read);
    }
    return read;
  }

  #parse(der: Buffer): ReadCertificate | 'foreign' {
    try {
      if (!this.parts.issued(der)) return 'foreign';
      const certificate = new X509Certificate(der);
      const match = identityUri.exec(certificate.subjectAltName ?? '');
      if (!match?.[1] || !match[2]) return 'foreign';
      return {
        serial: certificate.serialNumber.toLowerCase(),
        projectId: match[1],
        machineId: match[2],
        notBeforeMs: Date.parse(certificate.validFrom),
        notAfterMs: Date.parse(certificate.validTo),
      };
    } catch {
      return 'foreign';
    }
  }
}
