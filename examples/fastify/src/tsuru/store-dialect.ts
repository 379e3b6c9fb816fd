import { sql, SqliteAdapter, SqliteDialect } from 'kysely';

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
  override createAdapter(): TransactionalAdapter {
    return new TransactionalAdapter();
  }
}
