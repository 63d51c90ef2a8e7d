import { sql, type CompiledQuery, type CreateTableBuilder, type Kysely } from 'kysely';

/** Types that SQLite and PostgreSQL share. `!` = not null. */
export type ColumnType = 'text!' | 'text' | 'int!' | 'int' | 'blob!' | 'blob';
export type Columns = Readonly<Record<string, ColumnType>>;

export interface IndexOf {
  readonly name: string;
  readonly on: string;
  readonly columns: readonly string[];
  readonly unique?: true;
  /** Limits the index to rows that are not over. */
  readonly where?: string;
}

const dataTypeOf = (type: ColumnType): 'text' | 'bigint' | 'blob' =>
  type.startsWith('text') ? 'text' : type.startsWith('int') ? 'bigint' : 'blob';

export function createTable(
  builder: Kysely<unknown>,
  name: string,
  columns: Columns,
  key: readonly string[],
): CompiledQuery {
  let table: CreateTableBuilder<string, string> = builder.schema.createTable(name);
  for (const [column, type] of Object.entries(columns)) {
    const dataType = dataTypeOf(type);
    const isSingleKey = key.length === 1 && key[0] === column;
    // INTEGER PRIMARY KEY is what makes SQLite use the row number itself.
    const stored = isSingleKey && dataType === 'bigint' ? 'integer' : dataType;
    table = table.addColumn(column, stored, (c) => {
      const withNull = type.endsWith('!') ? c.notNull() : c;
      return isSingleKey ? withNull.primaryKey() : withNull;
    });
  }
  if (key.length > 1) table = table.addPrimaryKeyConstraint(`${name}_key`, [...key]);
  return table.compile();
}

export function createIndex(builder: Kysely<unknown>, { name, on, columns, unique, where }: IndexOf): CompiledQuery {
  const index = builder.schema
    .createIndex(`${name}_index`)
    .on(on)
    .columns([...columns]);
  const kind = unique === true ? index.unique() : index;
  return (where === undefined ? kind : kind.where(sql.raw<boolean>(where))).compile();
}

/** Rows that are there get the value; one that may not be null needs it. */
export function addColumn(
  builder: Kysely<unknown>,
  table: string,
  column: string,
  type: ColumnType,
  first?: number | string,
): CompiledQuery {
  return builder.schema
    .alterTable(table)
    .addColumn(column, dataTypeOf(type), (c) => {
      const withNull = type.endsWith('!') ? c.notNull() : c;
      return first === undefined ? withNull : withNull.defaultTo(first);
    })
    .compile();
}
