import type { Call } from '../call.js';
import type { CommandShape } from './types.js';

/** The function behind a command; it resolves when the work is done and throws a FlotillaError when it cannot be. */
export type CommandFunction = (call: Call) => Promise<void>;

export interface Command extends CommandShape {
  /** Loaded only when the command runs, so that help and completion stay fast. */
  readonly load: () => Promise<CommandFunction>;
}

export type Commands = Readonly<Record<string, Command>>;
