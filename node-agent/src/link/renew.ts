import { createHash, sign, X509Certificate, type KeyObject } from 'node:crypto';
import type { Clock, Logger, Random } from '@flotilla/kit';
import { jitteredDelayMs } from '@flotilla/kit';
import { certificateRequest } from '../host/x509.js';
import type { IdentityStore } from './identity.js';
import type { SessionStream } from './transport.js';

const backoff = { delayMsMin: 30_000, delayMsMax: 15 * 60_000 };

/** When to renew: somewhere between 50 and 70 % of the certificate's life, wall clock in ms. */
export function renewAtMs(certificate: X509Certificate, random: Random): number {
  const fromMs = Date.parse(certificate.validFrom);
  const toMs = Date.parse(certificate.validTo);
  return fromMs + (toMs - fromMs) * (0.5 + random.fraction() * 0.2);
}

/** The bytes the identity key signs, as agent_service.proto writes them down. */
export function renewalStatement(tlsCsr: Uint8Array, currentLeaf: Uint8Array): Buffer {
  const sha256 = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest();
  return Buffer.concat([Buffer.from('flotilla-renew-v1\0'), sha256(tlsCsr), sha256(currentLeaf)]);
}

export interface RenewPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly identity: IdentityStore;
  readonly identityKey: KeyObject;
}

/**
 * Waits until the certificate of this session is due, renews it with a new key, and returns why the session should be
 * made anew. Undefined when the session ended first.
 */
export async function renewWhenDue(
  ports: RenewPorts,
  stream: SessionStream,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { clock, random, log, identity } = ports;
  const leaf = new X509Certificate((await identity.tls()).certificate);
  const dueMs = renewAtMs(leaf, random);
  for (let failures = 0; !signal.aborted;) {
    const waitMs = failures === 0 ? dueMs - clock.now().wallMs : jitteredDelayMs(failures - 1, backoff, random);
    // Long waits are cut, so that a stepped clock is noticed.
    if (waitMs > 0) await clock.sleep(Math.min(waitMs, 10 * 60_000), signal).catch(() => undefined);
    if (signal.aborted) return undefined;
    if (clock.now().wallMs < dueMs) continue;
    try {
      await renew(ports, stream, leaf);
      return 'the certificate was renewed';
    } catch (error) {
      failures += 1;
      log.warn({ err: error, failures }, 'the certificate could not be renewed yet');
    }
  }
  return undefined;
}

/** A machine that was off for long: its certificate is good for one thing yet, and its identity key proves who asks. */
export async function renewIfExpired(ports: RenewPorts, stream: Pick<SessionStream, 'renew'>): Promise<boolean> {
  const leaf = new X509Certificate((await ports.identity.tls()).certificate);
  if (Date.parse(leaf.validTo) > ports.clock.now().wallMs) return false;
  await renew(ports, stream, leaf);
  return true;
}

async function renew(
  { identity, identityKey, log }: RenewPorts,
  stream: Pick<SessionStream, 'renew'>,
  leaf: X509Certificate,
): Promise<void> {
  const tlsCsr = certificateRequest(await identity.nextTlsKey());
  const signature = sign('sha256', renewalStatement(tlsCsr, leaf.raw), identityKey);
  const { certificateChain, caBundle } = await stream.renew(tlsCsr, signature);
  await identity.saveRenewal(certificateChain, caBundle);
  log.info({ validTo: new X509Certificate(certificateChain).validTo }, 'certificate renewed');
}
