import { open, rm } from 'node:fs/promises';

import type { Kysely } from 'kysely';
import { z } from 'zod';

import { asBytes, BIND_COLUMNS, decoded, INSTANCE_COLUMNS } from './store-rows.js';
import { migrations, type Tables } from './store-tables.js';

/** What is copied, with instances before their binds. Jobs of a queue are made again from the pending instances. */
const COLUMNS = {
  owner: ['service'],
  instances: [...INSTANCE_COLUMNS, 'created_at'],
  binds: ['instance_id', ...BIND_COLUMNS, 'created_at'],
  late_removals: ['name'],
} as const satisfies Partial<Record<keyof Tables, readonly string[]>>;

type Table = keyof typeof COLUMNS;
type Row = Record<string, string | null>;
/** The number of rows in each table. */
export type Counts = Record<Table, number>;

/** By which the rows of a table are read, so that no two are equal. */
const ORDER: Record<Table, readonly string[]> = {
  owner: ['id'],
  instances: ['id'],
  binds: ['instance_id', 'kind', 'name'],
  late_removals: ['name'],
};
const TABLES = Object.keys(COLUMNS) as Table[];
/** Rows that are read or written at a time. */
const PAGE = 500;

const header = z.object({ migrations: z.array(z.string()), counts: z.record(z.enum(TABLES), z.int()) });
const line = z.tuple([z.enum(TABLES), z.record(z.string(), z.string().nullable())]);

/**
 * Writes all rows, as they are, to a new file that only its owner can read. The first line says what follows; each other
 * one is a row: `["binds",{"instance_id":"...",...}]`.
 * @throws Error when there is nothing to write, or the file exists
 */
export async function exportTables(db: Kysely<Tables>, path: string): Promise<Counts> {
  const file = await open(path, 'wx', 0o600);
  try {
    const counts = await db.transaction().execute(async (transaction) => {
      const counted = await countsOf(transaction);
      if (counted.instances + counted.late_removals === 0) throw new Error('the store is empty');
      await file.write(`${JSON.stringify({ migrations: Object.keys(migrations), counts: counted })}\n`);
      for (const table of TABLES) {
        for (let offset = 0; offset < counted[table]; offset += PAGE) {
          const rows = await pageOf(transaction, table, offset);
          await file.write(rows.map((row) => `${JSON.stringify([table, row])}\n`).join(''));
        }
      }
      return counted;
    });
    await file.sync();
    return counts;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/**
 * Reads such a file into empty tables: all of it or nothing.
 * @throws Error when there are instances already, or the file is incomplete, of another version or of another service
 */
export async function importTables(db: Kysely<Tables>, path: string): Promise<Counts> {
  const file = await open(path);
  try {
    return await db.transaction().execute(async (transaction) => {
      const existing = await countsOf(transaction);
      if (existing.instances + existing.late_removals > 0) throw new Error('the store is not empty');
      const lines = file.readLines()[Symbol.asyncIterator]();
      const { migrations: known, counts } = parsed(header, (await lines.next()).value);
      if (known.join() !== Object.keys(migrations).join()) {
        throw new Error(`${path} is from another version of create-tsuru-service: regenerate both projects with one version`);
      }
      await insertAll(transaction, { [Symbol.asyncIterator]: () => lines });
      const written = await countsOf(transaction);
      const missing = TABLES.filter((table) => written[table] !== counts[table]);
      if (missing.length > 0) throw new Error(`${path} has not all of its ${missing.join(', ')}`);
      return written;
    });
  } finally {
    await file.close();
  }
}

async function insertAll(db: Kysely<Tables>, lines: AsyncIterable<string>): Promise<void> {
  const [claim] = await pageOf(db, 'owner', 0);
  await db.deleteFrom('owner').execute();
  let table: Table = 'owner';
  const rows: Row[] = [];
  for await (const text of lines) {
    const [next, row] = parsed(line, text);
    if (next === 'owner' && claim && claim['service'] !== row['service']) {
      throw new Error(`the file is of the service "${row['service']}", and the store of "${claim['service']}"`);
    }
    if (next !== table || rows.length === PAGE) await insert(db, table, rows.splice(0));
    table = next;
    rows.push(row);
  }
  await insert(db, table, rows);
}

async function insert(db: Kysely<Tables>, table: Table, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  const all = table === 'owner' ? rows.map((row) => ({ id: 1, ...row })) : rows;
  await untyped(db).insertInto(table).values(all).execute();
}

async function pageOf(db: Kysely<Tables>, table: Table, offset: number): Promise<Row[]> {
  const columns: readonly string[] = COLUMNS[table];
  const page = untyped(db).selectFrom(table).select(asBytes(columns)).limit(PAGE).offset(offset);
  const found = await ORDER[table].reduce((query, column) => query.orderBy(db.dynamic.ref(column)), page).execute();
  return found.map((row) => Object.fromEntries(columns.map((column) => [column, textOf(row, column, table)])));
}

function textOf(row: Record<string, Uint8Array | null>, column: string, table: Table): string | null {
  const bytes = row[column] ?? null;
  const text = decoded(bytes);
  if (text !== undefined || bytes === null) return text ?? null;
  const name = decoded(row['name'] ?? null);
  throw new Error(`the ${column} of "${name}" in ${table} is no UTF-8: remove that instance first`);
}

async function countsOf(db: Kysely<Tables>): Promise<Counts> {
  const counts: Counts = { owner: 0, instances: 0, binds: 0, late_removals: 0 };
  for (const table of TABLES) {
    const { count } = await db
      .selectFrom(table)
      .select(({ fn }) => fn.countAll().as('count'))
      .executeTakeFirstOrThrow();
    counts[table] = Number(count);
  }
  return counts;
}

/** The tables by their names in a file. */
function untyped(db: Kysely<Tables>): Kysely<Record<Table, Record<string, string | number | null>>> {
  return db as never;
}

function parsed<T>(schema: z.ZodType<T>, text: unknown): T {
  try {
    return schema.parse(JSON.parse(String(text)));
  } catch (error) {
    throw new Error('the file is no copy of a store', { cause: error });
  }
}
