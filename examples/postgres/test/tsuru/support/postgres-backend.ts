import { randomBytes, randomUUID } from 'node:crypto';

import pg from 'pg';
import { pino } from 'pino';
import { z } from 'zod';

import type { PostgresData } from '../../../src/backends/postgres/data.js';
import { postgres, type PostgresOptions } from '../../../src/backends/postgres/index.js';
import { prefixOf } from '../../../src/backends/postgres/names.js';
import type { Server } from '../../../src/backends/postgres/server.js';
import { postgresSettings } from '../../../src/backends/postgres/settings.js';
import type { Backend, Instance, Variables } from '../../../src/tsuru/backend.js';
import type { JsonObject } from '../../../src/tsuru/values.js';

export const LIMITS = {
  small: { connections: 4, connectionsPerApp: 3, statementTimeout: 60_000 },
  large: { connections: 8, connectionsPerApp: 6, statementTimeout: 300 },
};

/** A service for each test file. They share the server, and what one looks for must not be of another. */
const SERVICE = `my-service-${randomUUID()}`;
/** The start of the names of all its databases and roles. */
export const PREFIX = prefixOf(SERVICE);

export function testOptions(environment: Record<string, string> = {}): PostgresOptions {
  const settings = z.object(postgresSettings).parse({ ...process.env, ...environment });
  return { ...settings, service: SERVICE, log: pino({ level: 'silent' }), limits: LIMITS };
}

/** An instance on the server of the tests, as the life cycle keeps it. */
export class TestInstance {
  backend: Backend<PostgresData>;
  readonly instance: Omit<Instance, 'data'> & { data: PostgresData | undefined };
  /** The secret of each bind, which stays the same for an hour. */
  readonly #secrets = new Map<string, string>();
  signal = new AbortController().signal;

  constructor(backend: Backend<PostgresData>, name = 'db1', parameters: JsonObject = {}) {
    this.backend = backend;
    const id = randomUUID();
    this.instance = { id, name, team: 't', plan: 'small', description: '', tags: [], parameters, data: undefined };
  }

  get data(): PostgresData {
    if (this.instance.data === undefined) throw new Error('the instance is not created yet');
    return this.instance.data;
  }

  async create(): Promise<this> {
    this.instance.data = (await this.backend.create(this.#request())) ?? this.instance.data;
    return this;
  }

  async update(plan: string): Promise<void> {
    const previous = this.#created().instance;
    this.instance.plan = plan;
    await this.backend.update({ ...this.#created(), previous });
  }

  destroy = () => this.backend.destroy(this.#request());
  status = () => this.backend.status?.(this.#created());
  info = () => this.backend.info?.(this.#created());

  async bind(app = 'app1', parameters: JsonObject = {}): Promise<Variables> {
    const more = { cluster: '', clusterProvisioner: '', clusterAddresses: [], pool: '', poolProvisioner: '' };
    return this.backend.bindApp({
      ...this.#bind(`app ${app}`),
      parameters,
      app: { name: app, hosts: [], internalHosts: [], ...more },
    });
  }

  bindJob = (job: string) =>
    this.backend.bindJob({ ...this.#bind(`job ${job}`), job: { name: job, pool: '', cluster: '' } });
  unbind = (app = 'app1') => this.backend.unbindApp({ ...this.#created(), app: { name: app } });
  unbindJob = (job: string) => this.backend.unbindJob({ ...this.#created(), job: { name: job } });

  #bind(key: string) {
    const secret = this.#secrets.get(key) ?? randomBytes(32).toString('base64url');
    this.#secrets.set(key, secret);
    return { ...this.#created(), secret, previous: undefined };
  }

  #created() {
    return { ...this.#request(), instance: { ...this.instance, data: this.data } };
  }

  #request() {
    const { instance, signal } = this;
    return {
      instance,
      plan: { name: instance.plan, description: '' },
      parameters: instance.parameters,
      requestedBy: { user: 'dev@example.com', event: 'e1' },
      cluster: undefined,
      signal,
    };
  }
}

export function testBackend(options: Partial<PostgresOptions> = {}, server?: Server): Backend<PostgresData> {
  return postgres({ ...testOptions(), ...options }, server);
}

/** Connects as an app does, with its DATABASE_URL. The caller ends the connection. */
export async function connect({ DATABASE_URL }: Variables): Promise<pg.Client> {
  const client = new pg.Client(DATABASE_URL);
  // Its session may be ended by the server.
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Sends one statement on a connection of its own. */
export async function queryAs(variables: Variables, text: string): Promise<Record<string, unknown>[]> {
  const client = await connect(variables);
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

export function superuserUrl(): string {
  return process.env['POSTGRES_SUPERUSER_URL'] ?? '';
}

/** As the superuser, which sees everything. */
export function ask(text: string, database = 'postgres'): Promise<Record<string, unknown>[]> {
  const url = new URL(superuserUrl());
  url.pathname = `/${database}`;
  return queryAs({ DATABASE_URL: url.href }, text);
}

/** The databases and roles on the server whose name contains a text. */
export async function objectsWith(text: string): Promise<string[]> {
  const rows = await ask(
    `SELECT datname AS name FROM pg_database WHERE strpos(datname, '${text}') > 0
     UNION ALL SELECT rolname FROM pg_roles WHERE strpos(rolname, '${text}') > 0 ORDER BY name`,
  );
  return rows.map(({ name }) => String(name));
}

/** Those of this file's service. */
export async function ownObjectsWith(text: string): Promise<string[]> {
  const own = await objectsWith(PREFIX);
  return own.filter((name) => name.includes(text));
}

/** PostgreSQL's code of the error; undefined when there is none. */
export async function codeOf(failing: Promise<unknown>): Promise<string | undefined> {
  return failing.then(
    () => undefined,
    (error: unknown) => (error as { code?: string }).code,
  );
}
