import type { ConnectionOptions } from 'node:tls';

import type pg from 'pg';

import { sslmodeIn, type PostgresSettings, type SslMode } from './settings.js';

/** Milliseconds until the server must have accepted a connection. */
export const CONNECT_TIMEOUT = 10_000;
/** Milliseconds for one statement; creating a database on a busy server takes seconds. */
const STATEMENT_TIMEOUT = 60_000;
/** Milliseconds that a statement waits for a lock, while what comes behind it waits as well. */
const LOCK_TIMEOUT = 10_000;

/** The fields of an admin URL. */
export interface AdminAddress {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  sslmode: SslMode;
}

export function adminAddress({ POSTGRES_ADMIN_URL, POSTGRES_SSLMODE }: PostgresSettings): AdminAddress {
  const url = new URL(POSTGRES_ADMIN_URL);
  return {
    host: decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 5432 : Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)) || 'postgres',
    sslmode: POSTGRES_SSLMODE ?? sslmodeIn(url) ?? 'disable',
  };
}

/** The configuration of a connection of the admin account. @param database that of the admin URL by default */
export function connectionTo(settings: PostgresSettings, database?: string): pg.ClientConfig {
  const { sslmode, ...address } = adminAddress(settings);
  return {
    ...address,
    ...(database !== undefined && { database }),
    ssl: tlsOf(sslmode, settings.POSTGRES_CA_FILE, address.host),
    application_name: 'tsuru-service',
    statement_timeout: STATEMENT_TIMEOUT,
    // For a server that no longer replies at all.
    query_timeout: STATEMENT_TIMEOUT + 5_000,
    lock_timeout: LOCK_TIMEOUT,
    keepAlive: true,
    // In the database of an instance, its apps could otherwise make the admin account run functions of theirs.
    options: '-c search_path=pg_catalog',
  };
}

/** The checks of each mode, as in libpq: `require` checks the certificate only against a given authority. */
function tlsOf(mode: SslMode, ca: string | undefined, host: string): ConnectionOptions | false {
  if (mode === 'disable') return false;
  const common = { ...(ca !== undefined && { ca }), ...(!/^[\d.:]+$/.test(host) && { servername: host }) };
  switch (mode) {
    case 'require':
      return { ...common, rejectUnauthorized: ca !== undefined, checkServerIdentity: () => undefined };
    case 'verify-ca':
      return { ...common, checkServerIdentity: () => undefined };
    case 'verify-full':
      return common;
  }
}
