import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import pg from 'pg';

const run = promisify(execFile);

export const FRAMEWORKS = ['express', 'fastify', 'hono'] as const;
export type Framework = (typeof FRAMEWORKS)[number];
export type Provisioning = 'inline' | 'background';

/** The answers of a project, and where it is. */
export interface Project {
  framework: Framework;
  provisioning: Provisioning;
  directory: string;
}

/**
 * Generates and builds services on PostgreSQL with the backend of this test. Their packages are installed once for all.
 * @param bin the packed command line
 */
export async function makeProjects(
  scratch: string,
  bin: string,
  kinds: readonly (readonly [Framework, Provisioning])[],
): Promise<Project[]> {
  // Run by root, PostgreSQL has a user of its own, which must reach its programs.
  chmodSync(scratch, 0o755);
  const projects = kinds.map(([framework, provisioning]) => {
    return { framework, provisioning, directory: join(scratch, `${framework}-${provisioning}`) };
  });
  for (const { framework, provisioning, directory } of projects) {
    const answers = ['--framework', framework, '--store', 'postgres', '--provisioning', provisioning];
    await run(bin, [directory, ...answers, '--yes', '--no-install', '--no-git']);
    copyFileSync(new URL('./fixtures/backend.ts', import.meta.url), join(directory, 'src/backend.ts'));
    copyFileSync(new URL('./fixtures/server.ts', import.meta.url), join(directory, 'server.ts'));
  }
  const packages = projects.map(({ directory }) => {
    return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Record<string, object>;
  });
  const merged = (field: string) => Object.assign({}, ...packages.map((one) => one[field])) as object;
  const dependencies = { ...merged('dependencies'), ...merged('devDependencies') };
  writeFileSync(join(scratch, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }));
  await run('npm', ['install', '--no-audit', '--no-fund'], { cwd: scratch });
  // The types are checked where generated projects are tested.
  for (const { directory } of projects) {
    await run(process.execPath, [join(scratch, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--noCheck'], {
      cwd: directory,
    });
  }
  return projects;
}

/** A change of a built file: a version of the service that differs in one place. */
export interface Edit {
  /** Below dist/tsuru/. */
  file: string;
  from: string;
  to: string;
}

/**
 * Copies a built service, with some edits.
 * @returns the directory of the copy
 * @throws Error when the text to change is not in a file exactly once
 */
export function edited({ directory }: Project, name: string, edits: readonly Edit[]): string {
  const copy = `${directory}-${name}`;
  mkdirSync(copy);
  for (const file of ['dist', 'package.json', '.env']) cpSync(join(directory, file), join(copy, file), { recursive: true });
  for (const { file, from, to } of edits) {
    const path = join(copy, 'dist/tsuru', file);
    const parts = readFileSync(path, 'utf8').split(from);
    if (parts.length !== 2) throw new Error(`${file} has "${from}" ${parts.length - 1} times, and not once`);
    writeFileSync(path, parts.join(to));
  }
  return copy;
}

/** A PostgreSQL server with one empty database. */
export class Database {
  readonly url: string;
  /** Tells the next start of the server. */
  readonly #nextStart: () => Promise<string>;
  readonly #input: NodeJS.WritableStream;
  readonly #ended: Promise<unknown>;

  constructor(url: string, input: NodeJS.WritableStream, nextStart: () => Promise<string>, ended: Promise<unknown>) {
    this.url = url;
    this.#input = input;
    this.#nextStart = nextStart;
    this.#ended = ended;
  }

  /** The URL of a new, empty database on the server. */
  async create(name: string): Promise<string> {
    await this.query(`create database "${name}"`);
    return Object.assign(new URL(this.url), { pathname: `/${name}` }).href;
  }

  async query(sql: string, values: unknown[] = [], url = this.url): Promise<Record<string, unknown>[]> {
    const client = new pg.Client(url);
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Ends the connections of a replica, as a server does that takes it for dead. */
  async endSessions(applicationName: string): Promise<void> {
    await this.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = $1', [applicationName]);
  }

  /** Ends all connections at once, and accepts new ones a second later. */
  async restart(): Promise<void> {
    const started = this.#nextStart();
    this.#input.write('\n');
    await started;
  }

  async stop(): Promise<void> {
    this.#input.end();
    await this.#ended;
  }
}

/** Starts an empty PostgreSQL server, with the packages of a project. */
export async function startDatabase({ directory }: Project): Promise<Database> {
  const child = spawn(process.execPath, ['--import', 'ts-blank-space/register', 'server.ts'], {
    cwd: directory,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout });
  const nextStart = async () => {
    const failed = ended.then(() => Promise.reject(new Error('the PostgreSQL server did not start')));
    const [line] = (await Promise.race([once(lines, 'line'), failed])) as [string];
    return line;
  };
  const { url } = JSON.parse(await nextStart()) as { url: string };
  return new Database(url, child.stdin, nextStart, ended);
}
