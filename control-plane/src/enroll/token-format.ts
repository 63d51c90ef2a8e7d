import { createHmac, timingSafeEqual } from 'node:crypto';
import { randomText, type Random } from '@flotilla/kit';

/** An enrolment token as it is shown once: `<id>.<secret>`. */
export interface TokenText {
  readonly id: string;
  readonly secret: string;
}

// 30 letters of about 4.9 bits each: 30 characters hold 147 bits.
const secretChars = 30;
const shape = /^([a-z0-9]{4,40})\.([a-z0-9]{20,80})$/;

/** A fresh secret of more than 128 bits. */
export function newTokenSecret(random: Random): string {
  return randomText(secretChars, random);
}

/** The public part of the printed token, from the id of the record: `tok_abc` is printed as `abc`. */
export function printedTokenId(id: string): string {
  return id.replace(/^tok_/, '');
}

/** Untrusted text to a token, or undefined when it has not the shape of one. */
export function parseToken(text: string): TokenText | undefined {
  if (text.length > 128) return undefined;
  const match = shape.exec(text);
  if (!match?.[1] || !match[2]) return undefined;
  return { id: `tok_${match[1]}`, secret: match[2] };
}

/** What is stored instead of a secret: HMAC-SHA-256 under a pepper that is sealed elsewhere, in hex. */
export function keyedHash(pepper: Uint8Array, kind: 'token' | 'api-key', id: string, secret: string): string {
  return createHmac('sha256', pepper).update(`${kind}\0${id}\0${secret}`).digest('hex');
}

/** Compares two hashes in constant time. */
export function sameHash(a: string, b: string): boolean {
  const left = Buffer.from(a, 'hex');
  const right = Buffer.from(b, 'hex');
  return left.length === right.length && left.length > 0 && timingSafeEqual(left, right);
}
