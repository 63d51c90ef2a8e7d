import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '@flotilla/kit';
import { afterAll } from 'vitest';
import { storeConformance } from '../conformance/store.conformance.js';
import { openSqliteStore, type SqliteStoreOptions } from './open.js';

const root = mkdtempSync(join(tmpdir(), 'flotilla-store-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let count = 0;
const options = (dataDir: string): SqliteStoreOptions => ({
  dataDir,
  hostId: 'host-1',
  nowMs: Date.UTC(2026, 0, 1),
  random: seededRandom(count),
  writer: 'inline',
  onFatal: (error) => {
    throw error;
  },
});

storeConformance('SQLite in memory', () => openSqliteStore(options(':memory:')));
storeConformance('SQLite in a file', () => openSqliteStore(options(join(root, `s${count++}`))));
