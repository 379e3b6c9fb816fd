import { sql, SqliteAdapter, SqliteDialect, type SqliteDatabase, type SqliteStatement } from 'kysely';

/** The time at which a row is inserted, as text. */
export const NOW = sql`current_timestamp`;

/** A column of text as bytes: the driver crashes the process when the text is not UTF-8. */
export function bytesOf(column: string) {
  return sql<Uint8Array | null>`cast(${sql.ref(column)} as blob)`;
}

/** SQLite can roll back schema changes, but Kysely does not rely on that by default. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

export class TransactionalDialect extends SqliteDialect {
  constructor(database: SqliteDatabase) {
    super({ database: preparingOnce(database) });
  }

  override createAdapter(): TransactionalAdapter {
    return new TransactionalAdapter();
  }
}

/** Keeps every statement that was prepared, since that costs as much as running it. The store has some twenty. */
function preparingOnce(database: SqliteDatabase): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  return {
    prepare(text) {
      const statement = statements.get(text) ?? database.prepare(text);
      statements.set(text, statement);
      return statement;
    },
    close() {
      statements.clear();
      database.close();
    },
  };
}
