import { start } from './0001-start.js';
import { health } from './0002-health.js';
import type { Migration } from './migration.js';

export type { Migration } from './migration.js';

/** In order. Append only. */
export const migrations: readonly Migration[] = [start, health];
