import type { NounName } from './nouns.js';

/** What a completion offers for a word. */
export type Completion = NounName | 'context' | 'file' | 'noun' | 'noun/name' | 'name-of-noun';

export type OptionKind = 'flag' | 'text' | 'list' | 'whole' | 'duration';

export interface OptionSpec {
  /** Long name without dashes. */
  readonly name: string;
  readonly short?: string;
  readonly kind: OptionKind;
  /** Placeholder of the value in help. */
  readonly value?: string;
  readonly help: string;
  readonly choices?: readonly string[];
  /** Offered by completion; other values are possible. */
  readonly suggests?: readonly string[];
  readonly complete?: Completion;
  readonly required?: true;
}

export interface ArgumentSpec {
  readonly name: string;
  readonly help: string;
  readonly optional?: true;
  readonly variadic?: true;
  readonly choices?: readonly string[];
  readonly complete?: Completion;
}

/** What help, the parser and the completion know of a command. */
export interface CommandShape {
  readonly summary: string;
  /** Heading under which `flotilla --help` lists the first word. */
  readonly group: string;
  readonly about?: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly options: readonly OptionSpec[];
  readonly examples: readonly string[];
  /** Not listed in help: for the shell, not for people. */
  readonly hidden?: true;
  /** What its family does when none of its words was given: `delete -f FILE`. */
  readonly byDefault?: true;
}

/** All commands by their words, for example `token create`. */
export type CommandShapes = Readonly<Record<string, CommandShape>>;
