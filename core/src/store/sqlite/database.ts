import Database from 'better-sqlite3';
import {
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type Compilable,
  type CompiledQuery,
  type Dialect,
} from 'kysely';
import type { Schema } from '../schema.js';

const dialect: Dialect = {
  createAdapter: () => new SqliteAdapter(),
  createDriver: () => new DummyDriver(),
  createIntrospector: (db) => new SqliteIntrospector(db),
  createQueryCompiler: () => new SqliteQueryCompiler(),
};

/** Builds statements; runs nothing. */
export const builder = new Kysely<Schema>({ dialect });

/** The same for migrations, which know no schema. */
export const schemaBuilder = new Kysely<unknown>({ dialect });

/** One connection, synchronous. Statements are prepared once. */
export class SqliteConnection {
  readonly raw: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();

  constructor(path: string, options: { readonly readonly: boolean }) {
    this.raw = new Database(path, { readonly: options.readonly, timeout: 5_000 });
  }

  all<T>(query: Compilable<T>): T[] {
    const { sql, parameters } = query.compile();
    return this.#prepare(sql).all(...parameters) as T[]; // kysely knows the shape of what it selects
  }

  first<T>(query: Compilable<T>): T | undefined {
    const { sql, parameters } = query.compile();
    return this.#prepare(sql).get(...parameters) as T | undefined; // as above
  }

  /** Number of rows that were changed. */
  run(query: Compilable<unknown> | CompiledQuery): number {
    const { sql, parameters } = 'compile' in query ? query.compile() : query;
    return this.#prepare(sql).run(...parameters).changes;
  }

  /** One consistent look: everything `work` reads is of the same moment. */
  snapshot<T>(work: () => T): T {
    if (this.raw.inTransaction) return work();
    this.raw.exec('BEGIN');
    try {
      return work();
    } finally {
      if (this.raw.inTransaction) this.raw.exec('COMMIT');
    }
  }

  close(): void {
    this.#statements.clear();
    this.raw.close();
  }

  #prepare(sql: string): Database.Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    // Lists with filters have as many texts as there are filters: bounded, oldest out.
    const oldest = this.#statements.size >= 500 ? this.#statements.keys().next().value : undefined;
    if (oldest !== undefined) this.#statements.delete(oldest);
    const statement = this.raw.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
