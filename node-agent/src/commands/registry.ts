import type { Command } from './command.js';
import { inventory } from './inventory.js';
import { run } from './run.js';
import { version } from './version.js';

/** Every command there is; help and errors are printed from this list. */
export const commands: readonly Command[] = [version, run, inventory];
