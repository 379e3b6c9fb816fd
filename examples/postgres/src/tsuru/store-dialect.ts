import { sql } from 'kysely';

/** The time at which a row is inserted, as text that sorts by time. */
export const NOW = sql`to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')`;

/** A column of text as bytes: in a database of the encoding SQL_ASCII, the text may not be UTF-8. */
export function bytesOf(column: string) {
  return sql<Uint8Array | null>`convert_to(${sql.ref(column)}, getdatabaseencoding())`;
}
