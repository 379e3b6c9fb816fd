// The work of the two calls in every framework: the user name and the password are compared in constant time, each request has an
// id (Tsuru's, if it sends one) and a log line with the same fields, and a bind is stored on disk. There is no life cycle, no
// lock, no second encoding and no defence against the paths that users of Tsuru's proxy can send.
import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';

import { Kysely, PostgresDialect, sql, SqliteDialect } from 'kysely';
import { pino } from 'pino';

export const log = pino();
export const requestId = (headers) => headers['x-request-id'] ?? randomUUID();
export const plans = JSON.parse(process.env.BENCH_PLANS);

const digest = (text) => createHash('sha256').update(text).digest();
const expected = digest(`${process.env.SERVICE_USERNAME}:${process.env.SERVICE_PASSWORD}`);

export function refused(authorization = '') {
  return !timingSafeEqual(digest(Buffer.from(authorization.slice('Basic '.length), 'base64')), expected);
}

const db = new Kysely({ dialect: await dialect(process.env.STORE_URL) });
await sql`create table if not exists hand_binds (instance text, app text, variables text, primary key (instance, app))`.execute(db);

/** @param url of a PostgreSQL database; without one, a file of SQLite */
async function dialect(url) {
  if (url) {
    const { default: pg } = await import('pg');
    return new PostgresDialect({ pool: new pg.Pool({ connectionString: url, max: 10 }) });
  }
  const { default: Database } = await import('libsql');
  const database = new Database(process.env.DATABASE_PATH);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  return new SqliteDialect({ database });
}

/** Returns the stored variables of the app, or creates and stores new ones. */
export async function bind(instance, app) {
  const row = await db
    .selectFrom('hand_binds')
    .select('variables')
    .where('instance', '=', instance)
    .where('app', '=', app)
    .executeTakeFirst();
  if (row) return JSON.parse(row.variables);
  const password = randomBytes(32).toString('base64url');
  const host = `${instance}.example.com`;
  const variables = { HOST: host, USER: app, PASSWORD: password, URL: `https://${app}:${password}@${host}` };
  await db
    .insertInto('hand_binds')
    .values({ instance, app, variables: JSON.stringify(variables) })
    .execute();
  return variables;
}
