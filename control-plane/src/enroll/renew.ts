import type { Store } from '@flotilla/core';
import { FlotillaError } from '@flotilla/kit';
import { MachineState, type RenewCertificateRequest, type RenewCertificateResponse } from '@flotilla/proto';
import type { Authority } from './authority.js';
import { provenBy, renewMessage } from './proof.js';
import { publicKeyOfCsr, sha256 } from './x509.js';

/**
 * A new certificate for a new TLS key, asked for with the old certificate and signed by the identity key. The old one
 * may have expired: a machine that was off for a week comes back by itself; a stolen TLS key alone renews nothing.
 */
export async function renewCertificate(
  parts: { readonly store: Pick<Store, 'read' | 'commit'>; readonly authority: Authority },
  machine: { readonly machineId: string; readonly certificate: Buffer },
  request: RenewCertificateRequest,
  call: { readonly nowMs: number; readonly actor: string; readonly remoteAddress: string },
): Promise<RenewCertificateResponse> {
  const record = await parts.store.read.machine(machine.machineId);
  if (record === undefined || record.status.state === MachineState.RETIRED) throw unknownMachine();
  const tlsKey = await publicKeyOfCsr(request.tlsCsr);
  if (tlsKey.equals(Buffer.from(record.identityKey))) {
    throw new FlotillaError('KEY_REFUSED', 'The identity key must never do TLS: make a new key.', {
      kind: 'invalid-argument',
    });
  }
  const message = renewMessage({ tlsCsr: request.tlsCsr, currentCertificate: machine.certificate });
  if (!provenBy(record.identityKey, message, request.signature)) {
    throw new FlotillaError('PROOF_REFUSED', 'The renewal is not signed by the identity key of the machine.', {
      kind: 'unauthenticated',
      remedy: 'If the identity key was lost, enroll the machine again: flotilla token create.',
    });
  }
  const issued = await parts.authority.issueMachine({
    projectId: record.projectId,
    machineId: record.id,
    publicKey: tlsKey,
  });
  const { serial, notBeforeMs, notAfterMs } = issued;
  const certificate = {
    serial,
    machineId: record.id,
    spkiSha256: sha256(tlsKey).toString('hex'),
    notBeforeMs,
    notAfterMs,
  };
  await parts.store.commit([{ kind: 'certificate.set', certificate }], {
    owner: 'enroll',
    nowMs: call.nowMs,
    actor: call.actor,
    remoteAddress: call.remoteAddress,
  });
  return { certificateChain: issued.pem, caBundle: parts.authority.caPem, serverTime: new Date(call.nowMs) };
}

function unknownMachine(): FlotillaError {
  return new FlotillaError('MACHINE_RETIRED', 'This machine is no longer known here.', {
    kind: 'permission',
    remedy: 'Enroll it again with a new token: flotilla token create.',
  });
}
