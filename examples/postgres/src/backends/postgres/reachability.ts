import { connect } from 'node:net';

import type pg from 'pg';

import { messageOf } from '../../tsuru/errors.js';
import { AdminClient } from './admin-client.js';
import { adminAddress, connectionTo } from './connection.js';
import type { Finding } from './diagnosis.js';
import { name } from './quote.js';
import type { PostgresSettings } from './settings.js';
import { publicAddress } from './variables.js';

/** Milliseconds. */
const PATIENCE = 5000;

/** Connects for reading only. @returns why it is not possible, as a finding */
export async function connectReadOnly(settings: PostgresSettings): Promise<pg.Client | Finding> {
  const config = connectionTo(settings);
  const client = new AdminClient({ ...config, options: `${config.options} -c default_transaction_read_only=on` });
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    return unreachable(settings, error);
  }
}

/** Whether the address that apps and jobs get accepts connections, at least from here. */
export async function examinePublicAddress(settings: PostgresSettings): Promise<Finding[]> {
  const { host, port } = publicAddress(settings);
  const problem = await new Promise<Error | undefined>((resolve) => {
    const socket = connect({ host, port, timeout: PATIENCE });
    socket.once('connect', () => resolve(undefined)).once('error', resolve);
    socket.once('timeout', () => resolve(new Error(`no reply in ${PATIENCE / 1000} seconds`)));
    socket.once('connect', () => socket.destroy()).once('timeout', () => socket.destroy());
  });
  if (problem === undefined) return [];
  const text = `The address for apps, ${host}:${port}, cannot be reached from here: ${messageOf(problem)}. Check POSTGRES_PUBLIC_HOST and POSTGRES_PUBLIC_PORT.`;
  return [{ level: 'advice', text, statements: [] }];
}

function unreachable(settings: PostgresSettings, error: unknown): Finding {
  const { host, port, user, database } = adminAddress(settings);
  const account = name(user);
  const said = messageOf(error);
  const finding = (text: string, ...statements: string[]): Finding => ({ level: 'problem', text, statements });
  switch ((error as { code?: unknown }).code) {
    case '28P01':
      return finding(
        `The server refuses the password of ${user}, or has no such role.`,
        `CREATE ROLE ${account} LOGIN CREATEDB CREATEROLE PASSWORD '...';`,
        `ALTER ROLE ${account} PASSWORD '...';`,
      );
    case '28000':
      return finding(`The server does not let ${user} log in: ${said}.`, `ALTER ROLE ${account} LOGIN;`);
    case '3D000':
      return finding(`The server has no database ${database}. Name another one in POSTGRES_ADMIN_URL.`, `CREATE DATABASE ${name(database)};`);
    case '42501':
      return finding(`${user} may not connect to ${database}.`, `GRANT CONNECT ON DATABASE ${name(database)} TO ${account};`);
    case '53300':
      return finding(`${said}. Wait, or allow more connections.`, `ALTER ROLE ${account} CONNECTION LIMIT -1;`);
    default:
      return finding(`The server at ${host}:${port} cannot be reached: ${said}. Check POSTGRES_ADMIN_URL and POSTGRES_SSLMODE.`);
  }
}
