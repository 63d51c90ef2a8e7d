import { dirname, join } from 'node:path';

import { listNames, readText, removeTree, writeText } from './files.js';
import { defaultStateDir } from './paths.js';

/** Gone after a reboot of the host, as everything that runs in a bed is. */
const DIR = '/run/flotilla-testbed/beds';

/** Remembers where a bed keeps its files, so that any process finds it by its name. */
export function registerBed(bed: string, stateDir: string): void {
  writeText(join(DIR, bed), `${stateDir}\n`);
}

/** Where the bed keeps its files, or null when none of this name was brought up since the host's boot. */
export function registeredDir(bed: string): string | null {
  return readText(join(DIR, bed))?.trim() ?? null;
}

export function unregisterBed(bed: string): void {
  removeTree(join(DIR, bed));
}

export function registeredBeds(): string[] {
  return listNames(DIR);
}

/** With the last bed: nothing is left to remember, also not what a killed process was just writing. */
export function forgetRegistry(): void {
  removeTree(dirname(DIR));
}

/** The directory of a bed whose caller names none. */
export function usualDir(bed: string): string {
  return registeredDir(bed) ?? defaultStateDir(bed);
}
