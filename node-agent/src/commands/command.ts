import type { Clock, Random } from '@flotilla/kit';
import type { Places } from '../config.js';
import type { Host } from '../host/host.js';
import type { ProxySettings } from '../host/proxy.js';
import type { FlagSpec, ParsedArgs } from './args.js';

/** What a command may use; made in main.ts. */
export interface CommandPorts {
  readonly host: Host;
  readonly clock: Clock;
  readonly random: Random;
  readonly proxy: ProxySettings;
  readonly places: Places;
  readonly pid: number;
  readonly signal: AbortSignal;
  /** Calls back when this process is told (SIGHUP) to try again. */
  readonly onRetry: (retry: () => void) => void;
  /** Collects garbage and returns pages, where the launcher allows it. */
  readonly giveBackMemory: () => void;
  /** Data, to stdout. */
  readonly print: (text: string) => void;
  /** Progress and trouble, to stderr. */
  readonly tell: (text: string) => void;
  /** One line from the person at the keyboard; undefined when there is none. */
  readonly ask: (question: string) => Promise<string | undefined>;
  readonly terminal: { readonly live: boolean; readonly colour: boolean; readonly columns: number };
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Further lines of its help. */
  readonly about: string;
  readonly flags: readonly FlagSpec[];
  readonly hidden?: boolean;
  /** Returns the exit code. */
  run(args: ParsedArgs, ports: CommandPorts): Promise<number>;
}

/** 0 done, 1 failed, 2 wrong usage, 4 time is over. */
export const exitCodes = { done: 0, failed: 1, usage: 2, timeout: 4 } as const;
