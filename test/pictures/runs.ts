import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { devNull } from 'node:os';
import { join } from 'node:path';

import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { online } from '../support/cli.ts';
import { startOnTerminal, type OnTerminal } from '../support/pseudo-terminal.ts';
import { startService } from '../support/service.ts';
import { withoutDurations, withSameNames } from './normal.ts';
import { screenAfter, textOf, type Run } from './screen.ts';
import { windowOf } from './window.ts';

const COLUMNS = 100;
const ENTER = '\r';

/** An author for the first commit, whatever git's settings on this machine are. */
const AUTHOR = { name: 'An author', email: 'author@example.com' };
const GIT = {
  ...{ GIT_CONFIG_GLOBAL: devNull, GIT_CONFIG_SYSTEM: devNull },
  ...{ GIT_AUTHOR_NAME: AUTHOR.name, GIT_AUTHOR_EMAIL: AUTHOR.email, GIT_COMMITTER_NAME: AUTHOR.name, GIT_COMMITTER_EMAIL: AUTHOR.email },
};

/** A program, and where it is started. */
export interface Place {
  /** The command line of the package. */
  program: string;
  cwd: string;
}

/** Creates the project `my-db`, with its dependencies, by answers at prompts. @returns the picture of that, up to the next steps */
export async function pictureOfCreate(place: Place): Promise<string> {
  const started = start(place, ['my-db']);
  await started.type('Service id', ENTER);
  await started.type('Framework', ENTER);
  await started.type('Backend', ENTER);
  await started.type('Provisioning', ENTER);
  await started.type('Team', 'dbas', ENTER);
  await started.type('URL of the service API', ENTER);
  await started.type('Plans', ENTER);
  await started.type('Create the project?', 'y');
  const output = await outputOf(started, 0);
  const lines = await screenAfter(typed('npm create tsuru-service@latest my-db') + withoutDurations(output), COLUMNS);
  const end = lines.findIndex((line) => textOf(line) === 'To repeat this run:');
  return windowOf(inOrder(lines.slice(0, end - 1)), COLUMNS, 'npm create tsuru-service@latest');
}

/** Checks the service of a project whose author made a mistake, and again once it is right. @returns the picture of that */
export async function pictureOfCheck(place: Place): Promise<string> {
  const file = join(place.cwd, 'src/backend.ts');
  const right = readFileSync(file, 'utf8');
  const wrong = right
    .replace(/^/, "import { randomUUID } from 'node:crypto';\n\n")
    .replace('{ instance, app, secret, parameters }', '{ instance, app, parameters }')
    .replace('`app-${app.name}`, secret,', 'app.name, randomUUID(),');
  const before = await checked(place, file, wrong, 1);
  const after = await checked(place, file, right, 0);
  const edited = '\r\n\x1b[2m# In src/backend.ts, the password is now the given secret, not a new one for each bind.\x1b[22m\r\n';
  const lines = await screenAfter([before, edited, after].join(''), COLUMNS);
  return windowOf(lines, COLUMNS, 'create-tsuru-service check');
}

/** Registers a project in an empty Tsuru, and shows what an endpoint changes there. @returns the picture of that */
export async function pictureOfPublish(place: Place): Promise<string> {
  const file = join(place.cwd, 'manifest.yaml');
  const output = await served(place.cwd, async (port) => {
    writeFileSync(file, readFileSync(file, 'utf8').replace('http://localhost:8888', `http://localhost:${port}`));
    const sandbox = await startSandbox({ port: await freePort(port + 1), team: 'dbas' });
    const run = async (...args: string[]) => {
      const shown = await outputOf(start(place, args, { TSURU_TARGET: sandbox.address, TSURU_TOKEN: sandbox.token }), 0);
      return typed(`npx create-tsuru-service ${args.join(' ')}`) + shown.replaceAll(sandbox.address, 'http://127.0.0.1:8889');
    };
    try {
      const first = await run('publish');
      await run('endpoint', 'add', 'backups', '--yes', '--no-install', '--allow-dirty');
      const changed = '\r\n\x1b[2m# After "endpoint add backups":\x1b[22m\r\n';
      return withoutDurations(first + changed + (await run('publish', '--dry-run'))).replaceAll(`localhost:${port}`, 'localhost:8888');
    } finally {
      await sandbox.close();
    }
  });
  return windowOf(await screenAfter(output, COLUMNS), COLUMNS, 'create-tsuru-service publish');
}

/** Runs `check` against the project's service with that text in a file. */
async function checked(place: Place, file: string, text: string, code: number): Promise<string> {
  writeFileSync(file, text);
  execFileSync('npm', ['run', 'build'], { cwd: place.cwd, stdio: 'pipe' });
  return served(place.cwd, async (port) => {
    const output = await outputOf(start(place, ['check', `http://localhost:${port}`, '--manifest', 'manifest.yaml']), code);
    const command = 'npx create-tsuru-service check http://localhost:8888 --manifest manifest.yaml';
    return typed(command) + withSameNames(withoutDurations(output), port);
  });
}

/** Runs the built service of a project for as long as something uses it. */
async function served<T>(project: string, use: (port: number) => Promise<T>): Promise<T> {
  const port = await freePort(8888);
  const service = await startService(project, { environment: { PORT: String(port) } });
  try {
    return await use(port);
  } finally {
    await service.stop();
  }
}

function start({ program, cwd }: Place, args: readonly string[], environment: Record<string, string> = {}): OnTerminal {
  return startOnTerminal(program, args, { cwd, columns: COLUMNS, environment: { ...online(), ...GIT, ...environment } });
}

async function outputOf({ ended, screen }: OnTerminal, wanted: number): Promise<string> {
  const code = await ended;
  if (code !== wanted) throw new Error(`It ended with ${code}:\n${screen()}`);
  return screen();
}

/** A command at the prompt of a shell. */
function typed(command: string): string {
  return `\x1b[2m$\x1b[22m \x1b[1m${command}\x1b[22m\r\n`;
}

/** The two checks of a new project run at the same time: whichever ends first is shown first. Here it is always the types. */
function inOrder(lines: readonly Run[][]): Run[][] {
  const place = (line: readonly Run[]) => ['✓ Checking the types', '✓ Running Tsuru'].findIndex((start) => textOf(line).startsWith(start));
  const both = lines.filter((line) => place(line) >= 0).sort((a, b) => place(a) - place(b));
  return lines.map((line) => (place(line) >= 0 ? (both.shift() ?? line) : line));
}

/** The first free port of four digits, so that texts are as long as with the usual one. */
function freePort(wanted: number): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => {
      resolve(freePort(wanted + 1));
    });
    server.listen(wanted, () => {
      server.close(() => {
        resolve(wanted);
      });
    });
  });
}
