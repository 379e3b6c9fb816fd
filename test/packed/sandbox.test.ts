import { spawn, type ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';

import type { State } from '../../src/sandbox/state/records.ts';
import { quiet, runCli } from '../support/cli.ts';

const PASSWORD = 'a-password-of-the-service';

let cwd: string;
let service: Server;
let url: string;
let calls: string[];
let authorizations: Set<string | undefined>;
const running: Sandbox[] = [];

beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'sandbox-'));
  calls = [];
  authorizations = new Set();
  service = createServer((request, response) => {
    calls.push(`${request.method ?? ''} ${request.url ?? ''}`);
    authorizations.add(request.headers.authorization);
    request.resume().on('end', () => {
      response.statusCode = request.method === 'POST' ? 201 : 200;
      response.end(/bind-app/.test(request.url ?? '') ? '{"DB_URL":"db://secret"}' : '[]');
    });
  });
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
});

afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
  service.closeAllConnections();
  service.close();
  rmSync(cwd, { recursive: true, force: true });
});

interface Sandbox {
  child: ChildProcess;
  ended: Promise<number | null>;
  stdout: () => string;
  stderr: () => string;
  target: string;
  token: string;
  page: string;
}

/** Starts the packed command, and waits for its address. The service of a project gets any free port: others may take the usual one meanwhile. */
async function start(args: readonly string[], environment: Record<string, string> = {}): Promise<Sandbox> {
  const child = spawn(inject('bin'), ['sandbox', ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...quiet(), SERVICE_PASSWORD: PASSWORD, PORT: '0', ...environment } });
  const output = { stdout: '', stderr: '' };
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const found = new Promise<void>((resolve) => {
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
        if (/page/.test(output.stdout)) resolve();
      });
    }
  });
  await Promise.race([found, ended.then(() => Promise.reject(new Error(output.stderr)))]);
  const { stdout } = output;
  const json = stdout.startsWith('{') ? (JSON.parse(stdout) as Pick<Sandbox, 'target' | 'token' | 'page'>) : undefined;
  const after = (word: string) => new RegExp(`${word}(.*)`).exec(stdout)?.[1] ?? '';
  const at = json ?? { target: after('export TSURU_TARGET='), token: after('export TSURU_TOKEN='), page: after('The page: ') };
  const sandbox = { ...at, child, ended, stdout: () => output.stdout, stderr: () => output.stderr };
  running.push(sandbox);
  return sandbox;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

const ask = (path: string, { target, token }: Sandbox, options: { method?: string; body?: string } = {}) =>
  fetch(`${target}${path}`, { ...options, headers: { Authorization: `bearer ${token}`, 'Content-Type': 'application/x-www-form-urlencoded' } });

const add = (name: string, sandbox: Sandbox, id = 'my-db') =>
  ask(`/1.0/services/${id}/instances`, sandbox, { method: 'POST', body: `name=${name}&owner=my-team` });

const instances = async (sandbox: Sandbox) => (await ask('/1.0/services/instances', sandbox)).text();

function isFree(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.on('connect', () => { socket.destroy(); resolve(false); }).on('error', () => { resolve(true); });
  });
}

describe('sandbox with a URL', () => {
  it('prints two lines for a shell that curl can use, and one line a call', async () => {
    const sandbox = await start([url, '--username', 'my-db', '--port', '0']);
    const lines = sandbox.stdout().split('\n').filter((line) => line.startsWith('export '));
    const curl = `${lines.join('\n')}\ncurl --silent --fail "$TSURU_TARGET/1.0/services" --header "Authorization: bearer $TSURU_TOKEN"`;
    // Not synchronously: the service runs in this process.
    const shell = spawn('sh', ['-c', curl], { env: quiet() });
    let listed = '';
    shell.stdout.setEncoding('utf8').on('data', (text: string) => (listed += text));
    await once(shell, 'close');
    expect(listed).toContain('"my-db"');
    expect(sandbox.page).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#[\w-]{20,}$/);
    expect((await add('i1', sandbox)).status).toBe(201);
    expect(calls).toEqual(['POST /resources']);
    expect([...authorizations]).toEqual([`Basic ${Buffer.from(`my-db:${PASSWORD}`).toString('base64')}`]);
    await until(() => sandbox.stdout().includes('POST /resources 201'));
    expect(sandbox.stdout() + sandbox.stderr()).not.toContain(PASSWORD);
  });

  it('with --json prints one line of JSON, and all else on standard error', async () => {
    const sandbox = await start([url, '--json', '--port', '0']);
    await add('i1', sandbox, 'my-service');
    await until(() => sandbox.stderr().includes('POST /resources 201'));
    expect(sandbox.stdout().trim().split('\n')).toHaveLength(1);
    expect(Object.keys(JSON.parse(sandbox.stdout()) as object)).toEqual(['target', 'token', 'page']);
  });

  it('registers what a manifest says, and again when it changes', async () => {
    const manifest = (password: string) =>
      `id: from-file\nusername: someone\npassword: ${password}\nteam: dbas\nendpoint:\n  production: ${url}\nmulti-cluster: false\n`;
    writeFileSync(join(cwd, 'manifest.yaml'), manifest('first'));
    const sandbox = await start(['--manifest', 'manifest.yaml', '--port', '0']);
    expect(await (await ask('/teams', sandbox)).text()).toContain('"dbas"');
    const status = async () => {
      authorizations.clear();
      await ask('/1.0/services/from-file', sandbox);
      await ask('/1.0/services/from-file/plans', sandbox);
      return [...authorizations][0];
    };
    expect(await status()).toBe(`Basic ${Buffer.from('someone:first').toString('base64')}`);
    writeFileSync(join(cwd, 'manifest.yaml'), manifest('second'));
    await until(() => sandbox.stdout().includes('registered again'));
    expect(await status()).toBe(`Basic ${Buffer.from('someone:second').toString('base64')}`);
    writeFileSync(join(cwd, 'manifest.yaml'), 'id: [');
    await until(() => sandbox.stdout().includes('cannot be read'));
    expect(await status()).toBe(`Basic ${Buffer.from('someone:second').toString('base64')}`);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends with 130 at %s, and frees its port at once', async (signal) => {
    const sandbox = await start([url, '--port', '0', '--state', 'state.json']);
    // A call that is not answered, and is not waited for at the end.
    service.removeAllListeners('request').on('request', () => { calls.push('hangs'); });
    const asked = add('i1', sandbox, 'my-service').catch(() => undefined);
    await until(() => calls.includes('hangs'));
    sandbox.child.kill(signal);
    expect(await sandbox.ended).toBe(130);
    expect(await isFree(Number(new URL(sandbox.target).port))).toBe(true);
    await asked;
    const { state } = JSON.parse(readFileSync(join(cwd, 'state.json'), 'utf8')) as { state: State };
    expect(state.events.at(-1)).toMatchObject({ Running: false, Kind: { Name: 'service-instance.create' } });
    expect(state.instances).toEqual([]);
  });

  it('says when the service refuses the password', async () => {
    service.removeAllListeners('request').on('request', (_, response) => response.writeHead(401).end());
    const sandbox = await start([url, '--port', '0']);
    for (const name of ['i1', 'i2']) expect((await add(name, sandbox, 'my-service')).status).toBe(500);
    await until(() => sandbox.stdout().split('POST /resources 401').length === 3);
    expect(sandbox.stdout().match(/refuses the user name or the password/g)).toHaveLength(1);
  });

  it('says what to do when the port is taken, and takes a free one when none is given', async () => {
    const sandbox = await start([url, '--port', '0']);
    const { port } = new URL(sandbox.target);
    const { code, stderr } = await runCli(['sandbox', url, '--port', port], { cwd, environment: { SERVICE_PASSWORD: PASSWORD } });
    expect([code, stderr]).toEqual([4, `Port ${port} is taken by another program.\nGive another --port, or none to get a free one.\n`]);
    const two = [await start([url]), await start([url])];
    expect(new Set(two.map(({ target }) => target)).size).toBe(2);
  });

  it('goes on while the service is away, and says so', async () => {
    const { port } = service.address() as AddressInfo;
    const sandbox = await start([url, '--port', '0']);
    await until(() => sandbox.stdout().includes('The service listens'));
    service.close();
    service.closeAllConnections();
    expect((await add('i1', sandbox, 'my-service')).status).toBe(500);
    await until(() => sandbox.stdout().includes('Nothing listens'));
    service.listen(port, '127.0.0.1');
    await until(() => sandbox.stdout().split('The service listens').length === 3);
    expect((await add('i1', sandbox, 'my-service')).status).toBe(201);
  });

  it.each([
    [[], 2, /There is no service\./],
    [['http://127.0.0.1:1'], 2, /password is missing/],
    [['ftp://x'], 2, /not an address of HTTP/],
    [['http://127.0.0.1:1', '--port', '70000'], 2, /--port must be a number up to 65535/],
    [['http://127.0.0.1:1', '--encoding', 'xml'], 2, /Valid values: form, json/],
    [['http://127.0.0.1:1', '--password', 'x', '--host', '203.0.113.1'], 4, /cannot listen/],
    [['http://127.0.0.1:1', '--password', 'x', '--state', 'none/x'], 4, /cannot be written/],
  ])('ends %j with %i', async (args, code, message) => {
    const ended = await runCli(['sandbox', ...args], { cwd, environment: { SERVICE_PASSWORD: undefined } });
    expect([ended.code, ended.stdout]).toEqual([code, '']);
    expect(ended.stderr).toMatch(message);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });

  it('opens the page with the program of the platform, and needs none', async () => {
    const opener = join(cwd, 'bin', process.platform === 'darwin' ? 'open' : 'xdg-open');
    mkdirSync(join(cwd, 'bin'));
    // A browser that is not left, which the sandbox neither waits for nor ends.
    writeFileSync(opener, '#!/bin/sh\necho "$1 $$" > opened\nexec sleep 600\n');
    chmodSync(opener, 0o755);
    const sandbox = await start([url, '--port', '0', '--open'], { PATH: `${join(cwd, 'bin')}${delimiter}${process.env['PATH'] ?? ''}` });
    await until(() => existsSync(join(cwd, 'opened')) && readFileSync(join(cwd, 'opened'), 'utf8').endsWith('\n'));
    const [address, pid] = readFileSync(join(cwd, 'opened'), 'utf8').trim().split(' ');
    expect(address).toBe(sandbox.page);
    sandbox.child.kill('SIGINT');
    expect(await sandbox.ended).toBe(130);
    process.kill(Number(pid));
    rmSync(opener);
    const second = await start([url, '--port', '0', '--open'], { PATH: [join(process.execPath, '..'), '/bin'].join(delimiter) });
    await until(() => second.stdout().includes('No browser') || existsSync('/bin/xdg-open'));
  });
});

describe('sandbox --state', () => {
  it('has the same token and the same state after a kill, in a file that only its owner reads', async () => {
    const args = [url, '--port', '0', '--state', 'state.json'];
    const first = await start(args);
    expect((await add('i1', first, 'my-service')).status).toBe(201);
    first.child.kill('SIGKILL');
    await first.ended;
    expect(statSync(join(cwd, 'state.json')).mode & 0o777).toBe(0o600);
    const second = await start(args);
    expect(second.token).toBe(first.token);
    expect(await instances(second)).toContain('"i1"');
    const other = await runCli(['sandbox', ...args], { cwd, environment: { SERVICE_PASSWORD: PASSWORD } });
    expect([other.code, other.stderr]).toEqual([4, expect.stringContaining('Another sandbox uses')]);
    second.child.kill('SIGINT');
    expect(await second.ended).toBe(130);
    expect(existsSync(join(cwd, 'state.json.lock'))).toBe(false);
  });

  it('is not begun over a file that is none of its own', async () => {
    writeFileSync(join(cwd, 'thesis.json'), '{"mine":true}');
    const { code, stderr } = await runCli(['sandbox', url, '--state', 'thesis.json'], { cwd, environment: { SERVICE_PASSWORD: PASSWORD } });
    expect([code, stderr]).toEqual([5, expect.stringContaining('thesis.json cannot be read')]);
    expect(readFileSync(join(cwd, 'thesis.json'), 'utf8')).toBe('{"mine":true}');
  });
});

/** A project of which only what is started is there: a script that serves, and starts a child that would outlive it. */
function makeProject(script: string): void {
  execFileSync(inject('bin'), ['.', '--name', 'my-db', '--yes', '--no-install', '--no-git'], { cwd, env: quiet() });
  mkdirSync(join(cwd, 'node_modules'));
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ scripts: { dev: 'node serve.mjs' } }));
  writeFileSync(join(cwd, 'serve.mjs'), script);
}

const SERVE = `
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { writeFileSync } from 'node:fs';
const helper = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
writeFileSync('pids', process.pid + ' ' + helper.pid);
createServer((request, response) => {
  console.log('got ' + request.url);
  response.statusCode = request.method === 'POST' ? 201 : 200;
  response.end('[]');
}).listen(Number(process.env.PORT), process.env.HOST, () => console.log('ready', process.env.TSURU_TOKEN, process.env.DATABASE_PATH));
`;

const isRunning = (pid: number) => {
  try {
    process.kill(pid, 0);
    // A zombie has ended once its other threads have: they keep its port.
    const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '';
    return !/^\d+ \(.*\) Z/.test(stat) || readdirSync(`/proc/${pid}/task`).length > 1;
  } catch {
    return false;
  }
};

const pids = () => readFileSync(join(cwd, 'pids'), 'utf8').split(' ').map(Number);

describe('sandbox in a project', () => {
  it('starts the service, registers it by its files, and shows what it logs', async () => {
    makeProject(SERVE);
    const sandbox = await start(['--json', '--port', '0'], { SERVICE_PASSWORD: '', TSURU_TOKEN: 'of-a-real-tsuru' });
    expect((await add('i1', sandbox)).status).toBe(201);
    await until(() => sandbox.stderr().includes('got /resources'));
    expect(sandbox.stderr()).toMatch(/^service \| ready undefined \S+service\.db$/m);
    expect(await (await ask('/1.31/services/my-db/manifest', sandbox)).text()).toContain('"usage.show"');
    expect(await (await ask('/1.0/services/my-db/doc', sandbox)).text()).toBe(readFileSync(join(cwd, 'docs/service.md'), 'utf8'));
    writeFileSync(join(cwd, 'docs/service.md'), 'other words');
    await until(async () => (await (await ask('/1.0/services/my-db/doc', sandbox)).text()) === 'other words');
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)('leaves nothing running that it started after %s', async (signal) => {
    makeProject(SERVE);
    const sandbox = await start(['--json', '--port', '0']);
    const port = Number(/listens at http:\/\/127\.0\.0\.1:(\d+)/.exec(sandbox.stderr())?.[1]);
    expect(pids().filter(isRunning)).toHaveLength(2);
    sandbox.child.kill(signal);
    expect(await sandbox.ended).toBe(signal === 'SIGKILL' ? null : 130);
    await until(() => pids().every((pid) => !isRunning(pid)));
    expect(await isFree(port)).toBe(true);
  });

  it('ends a service that does not stop at the second Ctrl-C', async () => {
    makeProject(`process.on('SIGTERM', () => console.log('no'));${SERVE}`.replace(/^(.*?);\n(import[^]*?)(const helper)/, '$2$1;\n$3'));
    const sandbox = await start(['--json', '--port', '0']);
    sandbox.child.kill('SIGINT');
    await until(() => sandbox.stderr().includes('service | no'));
    // Two signals within half a second are one Ctrl-C.
    const again = setInterval(() => sandbox.child.kill('SIGINT'), 600);
    expect(await sandbox.ended).toBe(130);
    clearInterval(again);
    await until(() => pids().every((pid) => !isRunning(pid)));
  });

  it('ends with the service, and shows its last lines', async () => {
    makeProject(`console.error('no licence'); process.exit(3);`);
    const { code, stdout, stderr } = await runCli(['sandbox', '--json', '--port', '0'], { cwd });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/service \| no licence\n[^]*The service has ended \(3\), and the sandbox with it\./);
  });

  it('says that the PostgreSQL server of the project does not keep what --state keeps', async () => {
    makeProject('process.exit(3);');
    writeFileSync(join(cwd, 'package.json'), JSON.stringify({ scripts: { 'dev:postgres': 'node serve.mjs' } }));
    const environment = { POSTGRES_ADMIN_URL: undefined };
    expect((await runCli(['sandbox', '--port', '0', '--state', 'state.json'], { cwd, environment })).stdout).toMatch(/set\s+POSTGRES_ADMIN_URL/);
    expect((await runCli(['sandbox', '--port', '0'], { cwd, environment })).stdout).not.toContain('POSTGRES_ADMIN_URL');
  });

  it('says what is missing before it starts anything', async () => {
    makeProject(SERVE);
    rmSync(join(cwd, 'node_modules'), { recursive: true });
    expect(await runCli(['sandbox'], { cwd })).toMatchObject({ code: 4, stdout: '', stderr: 'The packages of the project are not installed.\nRun npm install.\n' });
    mkdirSync(join(cwd, 'node_modules'));
    expect(await runCli(['sandbox', '--manifest', 'none.yaml'], { cwd })).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/none\.yaml cannot be read/) as string });
    writeFileSync(join(cwd, 'tsuru-service.yaml'), 'version: 1\nname: [');
    expect(await runCli(['sandbox'], { cwd })).toMatchObject({ code: 5, stdout: '' });
  });

  it('publishes nothing that a link in the project leads to', async () => {
    makeProject(SERVE);
    rmSync(join(cwd, 'docs/service.md'));
    symlinkSync('/etc/hostname', join(cwd, 'docs/service.md'));
    const refused = { code: 4, stdout: '', stderr: expect.stringMatching(/^docs\/service\.md is a symbolic link/) as string };
    expect(await runCli(['sandbox'], { cwd })).toMatchObject(refused);
  });
});
