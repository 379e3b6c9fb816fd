import type pg from 'pg';

/** Fails on a read-only server: a standby has locks of its own, which say nothing about those of the primary. */
export const REFUSE_STANDBY = `
  do $$ begin
    if current_setting('transaction_read_only')::boolean then
      raise read_only_sql_transaction using message = 'the server is read-only, as a standby is; connect to the primary';
    end if;
  end $$`;

/** Characters of a schema's name: the queue's `clear_stale_locks/<schema>_jobs` must fit into 63. */
const MAX_SCHEMA = 40;

/**
 * Checks what the store needs of its server.
 * @returns the schema of its tables
 * @throws Error that says what to change
 */
export async function checkedSchema(pool: pg.Pool): Promise<string> {
  await pool.query(REFUSE_STANDBY);
  await refusePooler(pool);
  const { rows } = await pool.query<{ schema: string | null; encoding: string }>(
    "select current_schema() as schema, current_setting('server_encoding') as encoding",
  );
  const { schema = null, encoding = '' } = rows[0] ?? {};
  if (!schema) throw new Error('the search_path in STORE_URL names no schema that exists and that its user can use');
  if (schema.length > MAX_SCHEMA) throw new Error(`the name of its schema has more than ${MAX_SCHEMA} characters`);
  if (!['UTF8', 'SQL_ASCII'].includes(encoding)) {
    throw new Error(
      `its database has the encoding ${encoding}. Make one with: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0`,
    );
  }
  return schema;
}

/**
 * A pooler in transaction mode lends a client's connection to others between two transactions: a lock would stay on
 * it. Of two clients, the second one then gets the connection of the first, or the first does not get it back.
 */
async function refusePooler(pool: pg.Pool): Promise<void> {
  const one = await pool.connect();
  try {
    const other = await pool.connect();
    try {
      const before = await connectionOf(one);
      await other.query('begin');
      if ((await connectionOf(other)) !== before && (await connectionOf(one)) === before) return;
    } finally {
      await other.query('rollback').finally(() => other.release());
    }
  } finally {
    one.release();
  }
  throw new Error('STORE_URL leads to a pooler in transaction mode. Connect directly, or in session mode');
}

async function connectionOf(client: pg.PoolClient): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]?.pid;
}
