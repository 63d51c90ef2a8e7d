import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { FlotillaError, systemCode } from '@flotilla/kit';
import Database from 'better-sqlite3';

export interface DataFiles {
  readonly database: string;
  readonly owner: string;
}

/** File systems whose locks cannot be trusted between hosts, by the magic number of statfs. */
const networkFileSystems: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0xff534d42: 'CIFS',
  0xfe534d42: 'SMB2',
  0x517b: 'SMB',
};

/** Makes the directory 0700 and the two database files 0600, before SQLite opens them. */
export function prepareDataDir(dir: string): DataFiles {
  const files = { database: join(dir, 'flotilla.db'), owner: join(dir, 'owner.db') };
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    chmodSync(dir, 0o700);
    refuseNetworkFileSystem(dir);
    for (const file of Object.values(files)) {
      if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600));
      chmodSync(file, 0o600);
    }
  } catch (error) {
    if (error instanceof FlotillaError) throw error;
    throw new FlotillaError(
      'DATA_DIR_UNUSABLE',
      `the data directory ${dir} cannot be used: ${systemCode(error) ?? String(error)}`,
      {
        kind: 'precondition',
        remedy: 'Give the server a directory that it owns, with room, on a local disk.',
        cause: error,
      },
    );
  }
  return files;
}

function refuseNetworkFileSystem(dir: string): void {
  const name = networkFileSystems[statfsSync(dir).type];
  if (name === undefined) return;
  throw new FlotillaError(
    'DATA_DIR_ON_NETWORK',
    `the data directory ${dir} is on ${name}, where locks and fsync cannot be trusted`,
    {
      kind: 'precondition',
      remedy: 'Use a local disk.',
    },
  );
}

/**
 * Holds the data directory for the life of the process: an exclusive transaction on a small file of its own, which the
 * kernel lets go when the process dies, however it dies. Returns the way to give it up.
 */
export function holdOwnership(file: string): () => void {
  const db = new Database(file, { timeout: 0 });
  try {
    db.pragma('journal_mode = DELETE');
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if ((systemCode(error) ?? '').startsWith('SQLITE_BUSY')) {
      throw new FlotillaError('DATA_DIR_IN_USE', `another server is using this data directory (it holds ${file})`, {
        kind: 'precondition',
        remedy: `Run one server per data directory. Find the other one with: fuser ${file}`,
        cause: error,
      });
    }
    throw error;
  }
  return () => db.close();
}
