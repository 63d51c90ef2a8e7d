import { join } from 'node:path';
import { ensurePrivateDir, loadBytes, writePrivate } from '../adapters/disk.js';
import type { SecretStore } from '../enroll/authority.js';
import type { SecretBox } from './master-key.js';

const secretBytesMax = 64 * 1024;

/** Secrets as files of the data directory, sealed: of use only together with the master key. */
export async function sealedSecrets(dataDir: string, box: SecretBox): Promise<SecretStore> {
  const dir = join(dataDir, 'secrets');
  await ensurePrivateDir(dir);
  const path = (name: string): string => join(dir, `${name}.sealed`);
  return {
    async get(name) {
      const sealed = await loadBytes(path(name), secretBytesMax);
      return sealed === undefined ? undefined : box.open(sealed, `secret/${name}`);
    },
    set: (name, value) => writePrivate(path(name), box.seal(value, `secret/${name}`)),
  };
}
