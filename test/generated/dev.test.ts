import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, inject, it } from 'vitest';

import { online } from '../support/cli.ts';
import { readEnvironment, send } from '../support/service.ts';

const scratch = mkdtempSync(join(tmpdir(), 'dev-'));
const project = join(scratch, 'my-service');
const place = (path: string) => join(project, path);
let dev: ChildProcess;
let output = '';
let ended: Promise<unknown>;

beforeAll(() => {
  execFileSync(inject('bin'), ['my-service', '--yes', '--no-verify', '--no-git'], { cwd: scratch, env: online() });
  dev = spawn('npm', ['run', 'dev'], {
    cwd: project,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...online(), PORT: '0' },
  });
  for (const stream of [dev.stdout, dev.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  ended = once(dev, 'close');
});

afterAll(async () => {
  signal('SIGKILL');
  await ended;
  rmSync(scratch, { recursive: true, force: true });
});

/** Sends a signal to all that the command started, as a terminal does. @returns whether there was anything */
function signal(name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-(dev.pid ?? 0), name);
  } catch {
    return false;
  }
}

/** The services that were started so far, by what they logged. */
function started(): { port: number; pid: number }[] {
  return [...output.matchAll(/"pid":(\d+),.*"address":"http:\/\/127\.0\.0\.1:(\d+)"/g)].map(([, pid, port]) => ({
    pid: Number(pid),
    port: Number(port),
  }));
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 90_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${what} did not happen:\n${output}`);
    await sleep(100);
  }
}

/** Waits until the service serves that as the description of its first plan. */
async function untilServed(description: string, basePath = ''): Promise<void> {
  const { SERVICE_USERNAME = '', SERVICE_PASSWORD = '' } = readEnvironment(project);
  const authorization = `Basic ${Buffer.from(`${SERVICE_USERNAME}:${SERVICE_PASSWORD}`).toString('base64')}`;
  await until(`${basePath}: ${description}`, async () => {
    const port = started().at(-1)?.port;
    if (port === undefined) return false;
    const request = { method: 'GET', path: `${basePath}/resources/plans`, headers: { authorization } };
    const answer = await send(port, request).catch(() => undefined);
    return answer?.status === 200 && answer.body.includes(description);
  });
}

const plans = (description: string) =>
  `import type { Plan } from './tsuru/plans.js';\n` +
  `export const plans: Plan[] = [{ name: 'small', description: '${description}' }];\n`;

/** The ways in which editors save a file. */
const SAVES: [string, (path: string, text: string) => void][] = [
  ['written in place', (path, text) => { writeFileSync(path, text); }],
  [
    'renamed over the old one',
    (path, text) => {
      writeFileSync(`${path}.tmp`, text);
      renameSync(`${path}.tmp`, path);
    },
  ],
  [
    'written anew after the old one was moved away',
    (path, text) => {
      renameSync(path, `${path}~`);
      // Long enough for a watcher to see that it is gone, and not long enough for a start without it.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      writeFileSync(path, text);
      rmSync(`${path}~`);
    },
  ],
];

it('npm run dev starts the service, and shows what it logs', async () => {
  await untilServed('For trying things out');
});

// Again: what watches a file by its place on the disk misses only what comes after a rename.
it.each([...SAVES, ...SAVES.slice(0, 1)])('npm run dev sees a file that is %s', async (_way, save) => {
  const description = `saved ${started().length}`;
  save(place('src/plans.ts'), plans(description));
  await untilServed(description);
});

it.each([...SAVES, ...SAVES.slice(0, 1)])('npm run dev sees an .env that is %s', async (_way, save) => {
  const basePath = `/base-${started().length}`;
  const text = readFileSync(place('.env'), 'utf8').replace(/^BASE_PATH=.*$/m, `BASE_PATH=${basePath}`);
  save(place('.env'), text);
  await untilServed('saved', basePath);
});

it('npm run dev sees a new file, in a new directory too, an edit of it, and that it is gone', async () => {
  const steps: [string, () => void][] = [
    [
      'a new file',
      () => {
        mkdirSync(place('src/more/deep'), { recursive: true });
        copyFileSync(place('src/plans.ts'), place('src/more/deep/new.ts'));
      },
    ],
    ['an edit of it', () => { appendFileSync(place('src/more/deep/new.ts'), '// edited\n'); }],
    ['its end', () => { rmSync(place('src/more/deep/new.ts')); }],
  ];
  for (const [what, step] of steps) {
    const before = started().length;
    step();
    await until(what, () => started().length > before);
  }
});

it('npm run dev lets a service stop before it starts the next one', () => {
  const events = [...output.matchAll(/"msg":"(listening|stopped)"/g)].map(([, event]) => event);
  expect(events.length).toBeGreaterThan(10);
  expect(events).toEqual(events.map((_, index) => (index % 2 === 0 ? 'listening' : 'stopped')));
});

it('npm run dev goes on after a mistake, once that is put right', async () => {
  const { length } = started();
  writeFileSync(place('src/plans.ts'), 'throw new Error("A mistake.");\nexport const plans = [];\n');
  await until('the mistake', () => output.includes('Error: A mistake.'));
  const basePath = readEnvironment(project)['BASE_PATH'] ?? '';
  writeFileSync(place('src/plans.ts'), plans(`right ${length}`));
  await untilServed(`right ${length}`, basePath);
});

it('npm run dev ends with its service on Ctrl-C, which stops as it should', async () => {
  const stops = () => output.split('"msg":"stopped"').length - 1;
  const before = stops();
  expect(signal('SIGINT')).toBe(true);
  await ended;
  expect(stops()).toBe(before + 1);
  await until('the end of all that it started', () => !signal(0));
});
