import type { Variables } from '../../tsuru/backend.js';
import { ServiceError } from '../../tsuru/errors.js';
import type { JsonObject } from '../../tsuru/values.js';
import { adminAddress } from './connection.js';
import type { PostgresSettings } from './settings.js';

/** The address that apps and jobs connect to. */
export function publicAddress(settings: PostgresSettings): { host: string; port: number } {
  const admin = adminAddress(settings);
  return {
    host: settings.POSTGRES_PUBLIC_HOST ?? admin.host,
    port: settings.POSTGRES_PUBLIC_PORT ?? admin.port,
  };
}

/**
 * The variables of an app or job: those of libpq, and DATABASE_URL.
 * @param prefix for two instances on one app; `''` for none
 */
export function variablesOf(
  settings: PostgresSettings,
  login: { database: string; role: string; password: string },
  prefix: string,
): Variables {
  const { POSTGRES_PUBLIC_SSLMODE: sslmode, POSTGRES_PUBLIC_SSLROOTCERT: rootCertificate } = settings;
  const { host, port } = publicAddress(settings);
  const query = new URLSearchParams({
    ...(sslmode !== undefined && { sslmode }),
    ...(rootCertificate !== undefined && { sslrootcert: rootCertificate }),
  }).toString();
  const [user, password, database] = [login.role, login.password, login.database].map(encodeURIComponent);
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return {
    [`${prefix}DATABASE_URL`]: `postgres://${user}:${password}@${address}/${database}${query && `?${query}`}`,
    [`${prefix}PGHOST`]: host,
    [`${prefix}PGPORT`]: String(port),
    [`${prefix}PGUSER`]: login.role,
    [`${prefix}PGPASSWORD`]: login.password,
    [`${prefix}PGDATABASE`]: login.database,
    ...(sslmode !== undefined && { [`${prefix}PGSSLMODE`]: sslmode }),
    ...(rootCertificate !== undefined && { [`${prefix}PGSSLROOTCERT`]: rootCertificate }),
  };
}

/**
 * The parameter `env_prefix` of a bind, or else of its instance; `''` without either.
 * @throws ServiceError 400 when it cannot start the name of a variable
 */
export function prefixIn(bind: JsonObject, instance: JsonObject): string {
  const prefix = bind['env_prefix'] ?? instance['env_prefix'] ?? '';
  if (typeof prefix === 'string' && /^([A-Za-z_][A-Za-z0-9_]*)?$/.test(prefix)) return prefix;
  throw new ServiceError(400, '"env_prefix" must be letters, digits and "_", and must not start with a digit, such as OTHER_.');
}
