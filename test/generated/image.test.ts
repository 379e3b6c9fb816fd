import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { afterAll, beforeAll, expect, inject, it } from 'vitest';

import { filesBelow, online } from '../support/cli.ts';

/** An image that was built by hand: its files, and what a container of it is started with. */
interface Image {
  root: string;
  workdir: string;
  environment: Record<string, string>;
  user: string;
  command: string[];
  healthcheck: string[];
  volumes: string[];
}

/** The account `node` of the image; on this machine, where there is root, it is `nobody`. */
const NOBODY = process.getuid?.() === 0 ? 65534 : undefined;

const scratch = mkdtempSync(join(tmpdir(), 'image-'));
chmodSync(scratch, 0o755);
const project = join(scratch, 'my-service');
let image: Image;

beforeAll(() => {
  execFileSync(inject('bin'), ['my-service', '--yes', '--no-verify', '--no-git'], { cwd: scratch, env: online(), stdio: 'pipe' });
  image = built(project);
  // Three installations of all dependencies.
}, 1_200_000);

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** Carries out a Dockerfile without Docker: each stage in a directory that stands for its root. @throws Error for what it does not know */
function built(context: string): Image {
  const stages = new Map<string, Image>();
  let image: Image = { root: '', workdir: '/', environment: {}, user: 'root', command: [], healthcheck: [], volumes: [] };
  for (const line of readFileSync(join(context, 'Dockerfile'), 'utf8').split('\n')) {
    const [, instruction = '', rest = ''] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
    if (line === '' || line.startsWith('#')) continue;
    if (instruction === 'FROM') {
      const [from = '', , name = 'last'] = rest.split(' ');
      image = startStage(name, stages.get(from));
      if (!stages.has(from)) expect(from).toMatch(/^node:\d+-slim$/);
      stages.set(name, image);
    } else {
      carryOut(image, instruction, rest, (stage) => (stage === undefined ? context : (stages.get(stage)?.root ?? '')));
    }
  }
  return image;
}

/** @param base the earlier stage that it continues; without one, its files are what the instructions bring */
function startStage(name: string, base: Image | undefined): Image {
  const root = mkdtempSync(join(scratch, `${name}-`));
  chmodSync(root, 0o755);
  if (base !== undefined) cpSync(base.root, root, { recursive: true, verbatimSymlinks: true });
  return { workdir: '/', environment: {}, user: 'root', command: [], healthcheck: [], volumes: [], ...base, root };
}

function carryOut(image: Image, instruction: string, rest: string, rootOf: (stage: string | undefined) => string): void {
  const inImage = (path: string) => join(image.root, path.startsWith('/') ? path : join(image.workdir, path));
  switch (instruction) {
    case 'WORKDIR':
      image.workdir = rest;
      mkdirSync(inImage('.'), { recursive: true });
      return;
    case 'ENV':
      Object.assign(image.environment, Object.fromEntries(rest.split(' ').map((pair) => pair.split('='))));
      return;
    case 'COPY': {
      const [, stage, paths = ''] = /^(?:--from=(\S+) )?(.+)$/.exec(rest) ?? [];
      const sources = paths.split(' ');
      copy(rootOf(stage), sources.slice(0, -1), inImage(sources.at(-1) ?? ''));
      return;
    }
    case 'RUN':
      run(image, rest, inImage('.'));
      return;
    case 'USER':
      image.user = rest;
      return;
    case 'VOLUME':
      image.volumes.push(rest);
      return;
    case 'CMD':
      image.command = JSON.parse(rest) as string[];
      return;
    case 'HEALTHCHECK':
      image.healthcheck = JSON.parse(/ CMD (\[.*\])$/.exec(rest)?.[1] ?? '') as string[];
      return;
    case 'EXPOSE':
      return;
    default:
      throw new Error(`The test does not know ${instruction} ${rest}`);
  }
}

/** @param sources paths below `from`; one that ends with * may have no file */
function copy(from: string, sources: readonly string[], target: string): void {
  const found = sources.flatMap((path) => (path.endsWith('*') ? readdirSync(from).filter((name) => name.startsWith(path.slice(0, -1))) : [path]));
  for (const path of found) {
    const isInto = target.endsWith('/');
    cpSync(join(from, path), isInto ? join(target, basename(path)) : target, { recursive: true, verbatimSymlinks: true });
  }
}

/** Runs a command of the image with its directories at the root, which here are below that of the stage. */
function run({ root }: Image, command: string, cwd: string): void {
  const bin = join(scratch, 'bin');
  mkdirSync(bin, { recursive: true });
  const chown = NOBODY === undefined ? 'true' : `exec /bin/chown ${NOBODY}:${NOBODY} "$2"`;
  writeFileSync(join(bin, 'chown'), `#!/bin/sh\n[ "$1" = node:node ] || exit 1\n${chown}\n`, { mode: 0o755 });
  const prefix = join(scratch, 'global');
  const PATH = [bin, join(prefix, 'bin'), process.env['PATH']].join(':');
  const env = { ...online(), npm_config_prefix: prefix, npm_config_audit: 'false', npm_config_fund: 'false', PATH };
  execFileSync('sh', ['-c', command.replace(/(?<= )\/data\b/g, join(root, 'data'))], { cwd, env, stdio: 'pipe' });
}

/** The environment of a container, with the volume below the root of the image, and a free port instead of the image's own. */
async function containerEnvironment(): Promise<Record<string, string>> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const { DATABASE_PATH = '' } = image.environment;
  return {
    ...image.environment,
    ...{ DATABASE_PATH: join(image.root, DATABASE_PATH), PORT: String(port), PATH: String(process.env['PATH']) },
    ...{ SERVICE_USERNAME: 'my-service', SERVICE_PASSWORD: 'a-password-of-the-test' },
  };
}

/** Starts a process of a container. */
function start([command = '', ...args]: string[], env: Record<string, string>) {
  const user = NOBODY === undefined || image.user === 'root' ? {} : { uid: NOBODY, gid: NOBODY };
  const child = spawn(command, args, { cwd: join(image.root, image.workdir), env, stdio: ['ignore', 'pipe', 'pipe'], ...user });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, ended, output: () => output };
}

it('starts without root and development dependencies, passes its own health check, and stops on SIGTERM', async () => {
  const env = await containerEnvironment();
  expect(image.user).toBe('node');
  expect(await start(image.healthcheck, env).ended).toBe(1);
  const service = start(image.command, env);
  try {
    while (!service.output().includes('listening')) {
      const isOver = await Promise.race([service.ended.then(() => true), new Promise<boolean>((resolve) => setTimeout(resolve, 20, false))]);
      expect({ isOver, output: isOver ? service.output() : '' }).toEqual({ isOver: false, output: '' });
    }
    expect(await start(image.healthcheck, env).ended).toBe(0);
    service.child.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(existsSync(env['DATABASE_PATH'] ?? '')).toBe(true);
  } finally {
    service.child.kill('SIGKILL');
    await service.ended;
  }
});

it('holds what runs, and neither secrets, sources nor development dependencies', () => {
  const root = join(image.root, image.workdir);
  expect(readdirSync(root).sort()).toEqual(['dist', 'node_modules', 'package.json', 'tsuru.yaml']);
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  const has = (name: string) => existsSync(join(root, 'node_modules', name));
  expect(Object.keys(dependencies).filter((name) => !has(name))).toEqual([]);
  expect(['eslint', 'nodemon', 'typescript', 'vitest'].filter(has)).toEqual([]);
  const password = /^SERVICE_PASSWORD=(.+)$/m.exec(readFileSync(join(project, '.env'), 'utf8'))?.[1] ?? '';
  expect(password).not.toBe('');
  const own = filesBelow(image.root).filter((path) => !path.includes('node_modules/'));
  expect(own.filter((path) => readFileSync(join(image.root, path), 'utf8').includes(password))).toEqual([]);
});

it('keeps its store in the volume', () => {
  expect(image.volumes).toEqual(['/data']);
  expect(image.environment['DATABASE_PATH']).toMatch(/^\/data\//);
});

it('is built of a context without secrets', () => {
  const ignored = readFileSync(join(project, '.dockerignore'), 'utf8').split('\n');
  expect(ignored).toEqual(expect.arrayContaining(['.env', 'manifest.yaml', 'node_modules', '.git', 'data']));
});
