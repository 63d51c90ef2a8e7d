/** One planted bug: in this file, this expression (found exactly once) becomes that one. */
export interface Mutant {
  readonly id: string;
  /** What the code does wrong then. */
  readonly bug: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Unit tests named for it: package and file below it. */
  readonly unit: readonly [pack: string, file: string];
}

/** Path of a plan of the health package. */
export const health = (file: string): string => `health/src/plan/${file}.ts`;
export const unit = (pack: string, file: string): readonly [string, string] => [pack, `src/${file}.test.ts`];
export const healthUnit = (file: string): readonly [string, string] => unit('health', `plan/${file}`);
