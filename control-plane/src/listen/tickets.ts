import { hkdfSync } from 'node:crypto';

const dayMs = 86_400_000;

/**
 * The TLS session ticket key of a day (48 bytes), derived from a stored secret: agents resume after kill -9, and a key
 * that leaks opens one day. All replicas with the secret have the same.
 */
export function ticketKeys(secret: Uint8Array, wallMs: number): Buffer {
  const day = Math.floor(wallMs / dayMs);
  return Buffer.from(hkdfSync('sha256', secret, new Uint8Array(), `flotilla-tls-tickets ${day}`, 48));
}

/** Milliseconds until the next key is due. */
export function untilNextKeyMs(wallMs: number): number {
  return dayMs - (wallMs % dayMs);
}
