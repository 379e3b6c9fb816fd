import { namesOf, prefixOf, roleOf } from './names.js';
import { name } from './quote.js';
import type { Query } from './server.js';
import type { KnownInstance } from './store-reader.js';

/** Something that is not as it should be. */
export interface Finding {
  /** A `problem` keeps the service from working, or is left over; an `advice` does not. */
  level: 'problem' | 'advice';
  text: string;
  /** Statements for a superuser or the owner of the server, which put it right. */
  statements: string[];
}

/** The oldest supported version of PostgreSQL: `pg_terminate_backend` waits for the end of a session since then. */
const OLDEST = 14;
/** Connections that the service may open at once: its pool, an unbind in another database, and a cancellation. */
const CONNECTIONS = 10;

interface Account {
  account: string;
  version: string;
  major: number;
  is_standby: boolean;
  is_encrypted: boolean;
  /** Databases into which every role may look. */
  open: string[];
  rolsuper: boolean;
  rolcreatedb: boolean;
  rolcreaterole: boolean;
  rolinherit: boolean;
  rolconnlimit: number;
}

/** What the admin account and its server lack. It only reads. */
export async function examineAccount(query: Query): Promise<{ account: string; version: string; findings: Finding[] }> {
  const [found] = await query<Account>(
    `SELECT current_user AS account, current_setting('server_version') AS version,
            current_setting('server_version_num')::int / 10000 AS major, pg_is_in_recovery() AS is_standby,
            coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS is_encrypted,
            ARRAY(SELECT datname::text FROM pg_database WHERE datname IN (current_database(), 'template1')
                  AND has_database_privilege('public', oid, 'CONNECT') ORDER BY datname) AS open,
            rolsuper, rolcreatedb, rolcreaterole, rolinherit, rolconnlimit
     FROM pg_roles WHERE rolname = current_user`,
  );
  if (found === undefined) throw new Error('the account has no role');
  const account = name(found.account);
  const lacks = (isLacking: boolean, text: string, attribute: string): Finding[] =>
    isLacking ? [problem(`${found.account} ${text}`, `ALTER ROLE ${account} ${attribute};`)] : [];
  return {
    account: found.account,
    version: found.version,
    findings: [
      ...(found.major < OLDEST ? [problem(`PostgreSQL ${found.version} is too old: version ${OLDEST} or later is needed.`)] : []),
      ...(found.is_standby ? [problem('The server is a standby, which cannot be changed. Connect to its primary.')] : []),
      ...lacks(!found.rolcreatedb && !found.rolsuper, 'may not create databases.', 'CREATEDB'),
      ...lacks(!found.rolcreaterole && !found.rolsuper, 'may not create roles.', 'CREATEROLE'),
      ...lacks(!found.rolinherit, 'does not inherit the privileges of the roles that it creates.', 'INHERIT'),
      ...lacks(
        found.rolconnlimit >= 0 && found.rolconnlimit < CONNECTIONS,
        `may open ${found.rolconnlimit} connections; the service needs up to ${CONNECTIONS}.`,
        `CONNECTION LIMIT ${CONNECTIONS}`,
      ),
      ...(found.rolsuper
        ? [advice(`${found.account} is a superuser, which it need not be.`, `ALTER ROLE ${account} NOSUPERUSER CREATEDB CREATEROLE;`)]
        : []),
      ...found.open.map((database) =>
        advice(
          `Apps can connect to the database ${database}, where they see the names of all others.`,
          `GRANT CONNECT ON DATABASE ${name(database)} TO ${account};`,
          `REVOKE CONNECT ON DATABASE ${name(database)} FROM PUBLIC;`,
        ),
      ),
      ...(found.is_encrypted ? [] : [advice('The connection has no TLS. Set POSTGRES_SSLMODE unless the server is on this machine.')]),
    ],
  };
}

interface Objects {
  databases: { name: string; owner: string; is_own: boolean; is_public: boolean }[];
  /** `databases` are those in which the role has something, and `heir` is the owner of the instance that it is a role of. */
  roles: { name: string; is_own: boolean; databases: string[]; heir: string | null }[];
}

/**
 * Compares the server with the instances of the store.
 * @param read reads the instances; called after a first look at the server, so that one that is being created is known
 */
export async function examineObjects(
  query: Query,
  service: string,
  account: string,
  read: () => Promise<KnownInstance[]>,
): Promise<Finding[]> {
  const before = await objectsOn(query, service, []);
  const instances = await read();
  const known = instances.map((instance) => ({ instance, names: instance.data ?? namesOf(service, instance) }));
  const expected = known.flatMap(({ instance, names }) => ({
    ...{ instance, names },
    roles: [names.owner, ...instance.binds.map((bind) => roleOf(names, bind.kind, bind.name))],
  }));
  const now = await objectsOn(query, service, [
    ...expected.map(({ names }) => names.database),
    ...expected.flatMap(({ roles }) => roles),
  ]);
  const created = expected.filter(({ instance }) => instance.data !== undefined);
  return [
    ...created.flatMap(({ instance, names, roles }) => instanceFindings(now, account, instance, names.database, roles)),
    ...leftOver(before, now, new Set(expected.flatMap(({ names, roles }) => [names.database, ...roles]))),
  ];
}

async function objectsOn(query: Query, service: string, names: string[]): Promise<Objects> {
  const values = [`${prefixOf(service)}_`, names];
  const databases = await query<Objects['databases'][number]>(
    `SELECT datname AS name, datdba::regrole::text AS owner, pg_has_role(datdba, 'USAGE') AS is_own,
            EXISTS (SELECT FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE grantee = 0) AS is_public
     FROM pg_database WHERE starts_with(datname::text, $1) OR datname = ANY ($2) ORDER BY datname`,
    values,
  );
  // Since PostgreSQL 16, CREATEROLE is not enough to change a role: it takes ADMIN OPTION on it.
  const roles = await query<Objects['roles'][number]>(
    `SELECT rolname AS name, pg_has_role(oid, 'USAGE') AND (pg_has_role(oid, 'USAGE WITH ADMIN OPTION')
              OR current_setting('server_version_num')::int < 160000) AS is_own,
            ARRAY(SELECT DISTINCT datname::text FROM pg_shdepend JOIN pg_database ON pg_database.oid = dbid
                  WHERE refclassid = 'pg_authid'::regclass AND refobjid = pg_roles.oid ORDER BY datname) AS databases,
            (SELECT min(owner.rolname) FROM pg_auth_members JOIN pg_roles AS owner ON owner.oid = roleid
             WHERE member = pg_roles.oid AND starts_with(owner.rolname::text, $1)) AS heir
     FROM pg_roles WHERE starts_with(rolname::text, $1) OR rolname = ANY ($2) ORDER BY rolname`,
    values,
  );
  return { databases, roles };
}

function instanceFindings(
  now: Objects,
  account: string,
  instance: KnownInstance,
  database: string,
  roles: string[],
): Finding[] {
  const found = now.databases.find((one) => one.name === database);
  const of = `of the instance "${instance.name}"`;
  const databaseFindings =
    found === undefined
      ? [problem(`The database ${of} is missing: ${database}. Restore it from a backup, or remove the instance.`)]
      : [
          ...(found.is_own
            ? []
            : [problem(`The database ${of} belongs to ${found.owner}.`, `ALTER DATABASE ${name(database)} OWNER TO ${name(account)};`)]),
          ...(found.is_public
            ? [problem(`Every role may connect to the database ${of}.`, `REVOKE ALL ON DATABASE ${name(database)} FROM PUBLIC;`)]
            : []),
        ];
  return [
    ...databaseFindings,
    ...roles.flatMap((role) => {
      const there = now.roles.find((one) => one.name === role);
      if (there === undefined) {
        return [problem(`A role ${of} is missing: ${role}. Unbind its app or job and bind it again, or remove the instance.`)];
      }
      return there.is_own ? [] : [problem(`The account may not change a role ${of}.`, `GRANT ${name(role)} TO ${name(account)} WITH ADMIN OPTION;`)];
    }),
  ];
}

/** What was there before the instances were read, and is still there. The databases come first: roles own parts of them. */
function leftOver(before: Objects, now: Objects, owned: ReadonlySet<string>): Finding[] {
  const stays = <One extends { name: string }>(earlier: One[], later: One[]) =>
    later.filter(({ name: one }) => !owned.has(one) && earlier.some(({ name: other }) => other === one));
  const databases = stays(before.databases, now.databases).map((one) => one.name);
  return [
    ...databases.map((database) =>
      problem(`No instance owns the database ${database}.`, `DROP DATABASE ${name(database)} WITH (FORCE);`),
    ),
    ...stays(before.roles, now.roles).map((role) =>
      problem(
        `No instance owns the role ${role.name}.`,
        `GRANT ${name(role.name)} TO CURRENT_USER;`,
        ...role.databases.filter((one) => !databases.includes(one)).flatMap((one) => removalIn(one, role, owned)),
        `DROP OWNED BY ${name(role.name)};`,
        `DROP ROLE ${name(role.name)};`,
      ),
    ),
  ];
}

/** Without CASCADE, which would drop what apps and others have built on it. */
function removalIn(database: string, role: Objects['roles'][number], owned: ReadonlySet<string>): string[] {
  const heir = role.heir !== null && owned.has(role.heir) ? role.heir : undefined;
  return [
    `\\connect ${name(database)}`,
    ...(heir === undefined ? [] : [`REASSIGN OWNED BY ${name(role.name)} TO ${name(heir)};`]),
    `DROP OWNED BY ${name(role.name)};`,
  ];
}

function problem(text: string, ...statements: string[]): Finding {
  return { level: 'problem', text, statements };
}

function advice(text: string, ...statements: string[]): Finding {
  return { level: 'advice', text, statements };
}
