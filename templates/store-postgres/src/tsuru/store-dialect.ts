import { PostgresDialect, sql, type DatabaseIntrospector, type DatabaseMetadata, type Kysely, type TableMetadata } from 'kysely';

/** The time at which a row is inserted, as text that sorts by time. */
export const NOW = sql`to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')`;

/** A column of text as bytes: in a database of the encoding SQL_ASCII, the text may not be UTF-8. */
export function bytesOf(column: string) {
  return sql<Uint8Array | null>`convert_to(${sql.ref(column)}, getdatabaseencoding())`;
}

/**
 * What the migrator asks: which tables the store has. Kysely's own introspection reads every column of every schema, and
 * fails while another service, or the queue of another replica, changes its tables.
 */
class OwnTables implements DatabaseIntrospector {
  readonly #db: Kysely<unknown>;

  constructor(db: Kysely<unknown>) {
    this.#db = db;
  }

  async getSchemas(): Promise<{ name: string }[]> {
    const { rows } = await sql<{ name: string }>`select nspname as name from pg_namespace`.execute(this.#db);
    return rows;
  }

  async getTables(): Promise<TableMetadata[]> {
    const { rows } = await sql<{ name: string; schema: string }>`
      select relname as name, nspname as schema from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where nspname = current_schema() and relkind = 'r'`.execute(this.#db);
    return rows.map((table) => ({ ...table, isView: false, columns: [] }));
  }

  async getMetadata(): Promise<DatabaseMetadata> {
    return { tables: await this.getTables() };
  }
}

export class MigrationDialect extends PostgresDialect {
  override createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new OwnTables(db);
  }
}
