import type { Command } from './command.js';
import { doctor } from './doctor.js';
import { leave } from './leave.js';
import { run } from './run.js';
import { status } from './status.js';
import { version } from './version.js';

/** Every command there is; help and errors are printed from this list. */
export const commands: readonly Command[] = [status, doctor, leave, version, run];
