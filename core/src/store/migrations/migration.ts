import type { CompiledQuery, Kysely } from 'kysely';

/** One step of the schema. `statements` only builds queries; nothing runs here. */
export interface Migration {
  /** `NNNN-name`; the order is the order of names. */
  readonly name: string;
  readonly statements: (builder: Kysely<unknown>) => readonly CompiledQuery[];
}
