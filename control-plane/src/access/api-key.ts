import { FlotillaError, randomText, type Clock, type Logger, type Random } from '@flotilla/kit';
import type { ApiKeyRecord, Store } from '@flotilla/core';
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ApiKeyIdentity } from './identity.js';

const shape = /^flk_([a-z0-9]{4,40})\.([a-z0-9]{20,80})$/;
/** 147 bits. */
const secretChars = 30;
const usedEveryMs = 60_000;

/** A key as it is shown once, from the id of its record (`key_…`) and a fresh secret. */
export function printedApiKey(id: string, secret: string): string {
  return `flk_${id.replace(/^key_/, '')}.${secret}`;
}

export function newApiKeySecret(random: Random): string {
  return randomText(secretChars, random);
}

/** Untrusted text to the id of a record and a secret. */
export function parseApiKey(text: string): { readonly id: string; readonly secret: string } | undefined {
  if (text.length > 160) return undefined;
  const match = shape.exec(text);
  return match?.[1] && match[2] ? { id: `key_${match[1]}`, secret: match[2] } : undefined;
}

/** What is stored of a key: HMAC-SHA-256 under a pepper that is sealed elsewhere. */
export function apiKeyHash(pepper: Uint8Array, id: string, secret: string): Buffer {
  return createHmac('sha256', pepper).update(`api-key\0${id}\0${secret}`).digest();
}

/** Knows API keys by their text. */
export class ApiKeys {
  readonly #usedAtMs = new Map<string, number>();

  constructor(
    private readonly parts: {
      readonly store: Pick<Store, 'read' | 'commit'>;
      readonly clock: Clock;
      readonly log: Logger;
      readonly pepper: Uint8Array;
    },
  ) {}

  /** The identity behind a key. Throws UNAUTHENTICATED, the same for unknown, wrong, expired and revoked. */
  async identify(text: string): Promise<ApiKeyIdentity> {
    const parsed = parseApiKey(text);
    const record = parsed === undefined ? undefined : await this.parts.store.read.apiKey(parsed.id);
    // Hashed in any case: an unknown id costs the same time.
    const hash = apiKeyHash(this.parts.pepper, parsed?.id ?? '', parsed?.secret ?? '');
    const nowMs = this.parts.clock.now().wallMs;
    if (record === undefined || !same(hash, record.secretHash) || !alive(record, nowMs)) throw keyRefused();
    this.#noteUse(record.id, nowMs);
    return { kind: 'api-key', id: record.id, name: record.name, projectId: record.projectId, role: record.role };
  }

  #noteUse(id: string, nowMs: number): void {
    const before = this.#usedAtMs.get(id);
    if (before !== undefined && nowMs - before < usedEveryMs && nowMs >= before) return;
    this.#usedAtMs.set(id, nowMs);
    const options = { owner: 'api', nowMs, actor: 'system' } as const;
    // "Last used" is a convenience: the call that used the key does not wait for it, nor fail with it.
    this.parts.store.commit([{ kind: 'apikey.used', apiKeyId: id }], options).catch((error: unknown) => {
      this.parts.log.debug({ apiKeyId: id, err: String(error) }, 'last use of an API key was not noted');
    });
  }
}

function same(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

function alive(record: ApiKeyRecord, nowMs: number): boolean {
  return record.revokedAtMs === undefined && record.expiresAtMs > nowMs;
}

function keyRefused(): FlotillaError {
  return new FlotillaError('UNAUTHENTICATED', 'This API key is not accepted: unknown, expired or revoked.', {
    kind: 'unauthenticated',
    remedy: 'Ask a project admin for a new one: flotilla apikey create. Then: flotilla login.',
  });
}
