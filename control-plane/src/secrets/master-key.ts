import { createCipheriv, createDecipheriv } from 'node:crypto';
import { join } from 'node:path';
import { FlotillaError, randomText, type Random } from '@flotilla/kit';
import { createPrivate, factsOf, loadText } from '../adapters/disk.js';

const header = 'flotilla-master-key-v1';
const keyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;

/** Seals what must not be readable in the database or a backup of it (AES-256-GCM). */
export interface SecretBox {
  /** Names the key in every sealed value. */
  readonly keyId: string;
  /** `context` (what and whose it is) is authenticated: a value moved elsewhere does not open. */
  seal(plain: Uint8Array, context: string): Uint8Array;
  /** Throws SECRET_UNREADABLE for a wrong key, context, or a damaged value. */
  open(sealed: Uint8Array, context: string): Uint8Array;
}

/** Loads `<dataDir>/master.key`, making it (0600) on the first start. Refuses a weak, empty or readable-by-others key. */
export async function loadMasterKey(dataDir: string, random: Random): Promise<SecretBox> {
  const path = join(dataDir, 'master.key');
  if ((await factsOf(path)) === undefined) {
    const key = Buffer.from(random.bytes(keyBytes)).toString('base64');
    await createPrivate(path, `${header} mk-${randomText(8, random)} ${key}\n`);
  }
  const facts = await factsOf(path);
  if (facts !== undefined && (facts.mode & 0o077) !== 0) {
    throw refused(path, `can be read by others (mode ${facts.mode.toString(8)})`, `Run: chmod 600 ${path}`);
  }
  return secretBox(parseMasterKey((await loadText(path, 1024)) ?? '', path), random);
}

/** The text of a key file to its parts. Throws MASTER_KEY_REFUSED. */
export function parseMasterKey(text: string, path: string): { keyId: string; key: Buffer } {
  const match = /^(\S+) (mk-[a-z0-9]{8}) ([A-Za-z0-9+/]{43}=)\n?$/.exec(text);
  if (match?.[1] !== header) throw refused(path, 'is empty or not a key file', restoreRemedy);
  const key = Buffer.from(match[3] ?? '', 'base64');
  // 32 random bytes have about 30 distinct values; fewer than 16 happens to no honest generator.
  if (key.length !== keyBytes || new Set(key).size < 16) throw refused(path, 'holds a weak key', restoreRemedy);
  return { keyId: match[2] ?? '', key };
}

/** A box over one key. A value is: version 1, key id (11 bytes), IV, tag, ciphertext. */
export function secretBox({ keyId, key }: { keyId: string; key: Uint8Array }, random: Random): SecretBox {
  const id = Buffer.from(keyId, 'ascii');
  const ivStart = 1 + id.length;
  const tagStart = ivStart + ivBytes;
  return {
    keyId,
    seal(plain, context) {
      const iv = random.bytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(`${keyId}|${context}`));
      const body = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([Buffer.from([1]), id, iv, cipher.getAuthTag(), body]);
    },
    open(sealed, context) {
      const bytes = Buffer.from(sealed);
      if (bytes[0] !== 1 || bytes.length < tagStart + tagBytes) throw unreadable(context, 'it is damaged');
      const sealedWith = bytes.subarray(1, ivStart).toString('ascii');
      if (sealedWith !== keyId) throw unreadable(context, `it was sealed with another key (${printable(sealedWith)})`);
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(ivStart, tagStart), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(Buffer.from(`${keyId}|${context}`));
      decipher.setAuthTag(bytes.subarray(tagStart, tagStart + tagBytes));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(tagStart + tagBytes)), decipher.final()]);
      } catch {
        throw unreadable(context, 'it is damaged, or belongs elsewhere');
      }
    },
  };
}

const restoreRemedy =
  'Restore the file from your backup of keys. Without it the sealed secrets of this data directory are lost.';

function refused(path: string, what: string, remedy: string): FlotillaError {
  return new FlotillaError('MASTER_KEY_REFUSED', `${path} ${what}.`, { kind: 'precondition', remedy });
}

function unreadable(context: string, why: string): FlotillaError {
  return new FlotillaError('SECRET_UNREADABLE', `The stored secret ${context} cannot be opened: ${why}.`, {
    kind: 'data-loss',
    remedy: 'Start with the master.key that belongs to this data directory.',
  });
}

function printable(text: string): string {
  return text.replace(/[^a-z0-9-]/g, '?');
}
