import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';

import type { RunFacts } from '../../src/check/report/facts.ts';
import { PASSWORD, Reference, serve, USERNAME } from '../check/broken/reference.ts';
import { quiet, runCli } from '../support/cli.ts';

const GIVEN = { SERVICE_USERNAME: USERNAME, SERVICE_PASSWORD: PASSWORD };

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'check-'));
});
afterAll(() => {
  rmSync(cwd, { recursive: true, force: true });
});

const check = (args: readonly string[], environment: Record<string, string> = GIVEN) =>
  runCli(['check', ...args], { cwd, environment });

describe('check', () => {
  let service: Reference;
  let running: Awaited<ReturnType<typeof serve>>;
  beforeEach(async () => {
    service = new Reference();
    running = await serve(service);
  });
  afterEach(async () => {
    await running.close();
  });

  /** Adds one defect: a number among the variables. */
  function breakBinds(): void {
    service.variables = () => ({ PORT: 5432, NOTE: PASSWORD });
  }

  it('passes a correct service, in plain lines and without the password', async () => {
    const { code, stdout, stderr } = await check([running.url.href, '--encoding', 'both']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/\d+ passed/);
    // eslint-disable-next-line no-control-regex -- asserts that there are none
    expect(stdout).not.toMatch(/[\x1b\r]/);
    expect(stdout).not.toContain(PASSWORD);
    expect(service.instances.size).toBe(0);
  });

  it('reports the broken rule, the request, what Tsuru makes of the reply, and the fix', async () => {
    breakBinds();
    const { code, stdout } = await check([running.url.href]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^To do\n1\. must {2}bind-app\.success \(form\): An app can be bound/m);
    expect(stdout).toMatch(/^ +curl .*--request POST .*\/bind-app$/m);
    expect(stdout).toContain('json: cannot unmarshal number into Go value of type string');
    expect(stdout).toContain('Fix: Return 201 with a JSON object whose values are all strings');
    expect(stdout).toMatch(/^ +\d+ checks \(\d+ must\) wait for this\.$/m);
    expect(stdout).not.toContain('bind-app.repeat');
    expect(stdout).not.toContain(PASSWORD);
    expect(service.instances.size).toBe(0);
  });

  it('shows every check, and the requests of those that did not pass, with --verbose', async () => {
    breakBinds();
    const { stdout } = await check([running.url.href, '--verbose', '--only', 'plans,bind-app']);
    expect(stdout).toContain('✓ plans.readable\n');
    expect(stdout).toMatch(/^✗ bind-app\.success \(form\): failed \(must\)\. The bind got a 201/m);
    expect(stdout).toMatch(/^- bind-app\.repeat \(form\): blocked \(must\)\.[^]*It waits for\s+bind-app\.success \(form\)\.$/m);
    expect(stdout).toMatch(/^ {2}curl .*\/bind-app\n {2}→ 201 \{"PORT":5432/m);
  });

  it('gives a command that repeats the failing request', async () => {
    breakBinds();
    const { stdout } = await check([running.url.href, '--only', 'bind-job.success', '--format', 'json']);
    const { checks } = JSON.parse(stdout) as RunFacts;
    const curl = checks[0]?.culprit?.curl ?? '';
    expect(curl).toContain('"$SERVICE_PASSWORD"');
    const child = spawn('bash', ['-c', `${curl} --silent --output /dev/null --write-out '%{http_code}'`], {
      env: { ...quiet(), SERVICE_PASSWORD: PASSWORD },
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await once(child, 'close');
    // The instance is gone by now; the user name and the password were right.
    expect(output).toBe('404');
  });

  it('leaves the password out of the command where the failing request had none', async () => {
    service.isAuthorized = () => true;
    const { stdout } = await check([running.url.href, '--only', 'auth.missing', '--format', 'json']);
    const [facts] = (JSON.parse(stdout) as RunFacts).checks;
    expect([facts?.outcome, facts?.culprit?.curl.includes('--user')]).toEqual(['failed', false]);
  });

  it('prints complete JSON, JUnit and TAP', async () => {
    breakBinds();
    const only = ['--only', 'plans,bind-app,info'];
    const json = JSON.parse((await check([running.url.href, ...only, '--format', 'json'])).stdout) as RunFacts;
    expect(json).toMatchObject({ version: 2, service: USERNAME, ending: 'complete', left: [] });
    expect(json.generator).toMatch(/^\d+\.\d+\.\d+/);
    expect(json.causes[0]).toMatchObject({ title: 'bind-app.success (form)', level: 'must' });
    expect(json.summary.failed.must).toBeGreaterThan(0);
    expect(json.checks.every(({ id, rule, fix, contract }) => id && rule && fix && contract)).toBe(true);
    const junit = (await check([running.url.href, ...only, '--format', 'junit'])).stdout;
    expect(junit).toMatch(/^<\?xml/);
    expect(junit.match(/<testcase /g)).toHaveLength(json.checks.length);
    expect(junit.match(/<testsuite /g)).toHaveLength(3);
    const tap = (await check([running.url.href, ...only, '--format', 'tap'])).stdout;
    expect(tap).toContain(`1..${json.checks.length}\n`);
    expect(tap.match(/^(not )?ok \d+ - /gm)).toHaveLength(json.checks.length);
    const exchanges = JSON.stringify(json.checks.flatMap((one) => one.exchanges));
    expect(exchanges).toContain('bind-app');
    expect(exchanges).not.toContain(PASSWORD);
  });

  it('writes a self-contained report without the password', async () => {
    breakBinds();
    await check([running.url.href, '--report', 'report.html']);
    const page = readFileSync(join(cwd, 'report.html'), 'utf8');
    expect(page).toContain('bind-app.success');
    expect(page).toContain('cannot unmarshal number');
    expect(page).not.toMatch(/<script\s|<link|src=|https?:\/\/(?!127\.0\.0\.1|203\.0\.113)/);
    expect(page).not.toContain(PASSWORD);
  });

  it('reads the service from a manifest', async () => {
    const manifest = `id: ${USERNAME}\npassword: ${PASSWORD}\nendpoint:\n  production: ${running.url.host}\nmulti-cluster: true\n`;
    writeFileSync(join(cwd, 'manifest.yaml'), manifest);
    const { code, stdout } = await check(['--manifest', 'manifest.yaml', '--format', 'tap'], {});
    expect(code).toBe(0);
    expect(stdout).toContain('multi-cluster.kube-config');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('removes its instances when it is stopped by %s', async (signal) => {
    const child = spawn(inject('bin'), ['check', running.url.href], { cwd, env: { ...quiet(), ...GIVEN } });
    const closed = once(child, 'close') as Promise<[number | null]>;
    await untilSeen(() => service.instances.size > 3);
    child.kill(signal);
    expect((await closed)[0]).toBe(130);
    expect(service.instances.size).toBe(0);
  });

  it('ends at once at a second Ctrl-C, and names what it leaves', async () => {
    // Each removal waits for a reply that never comes.
    const dispatch = service.dispatch.bind(service);
    const removals = new Promise<void>((resolve) => {
      service.dispatch = (incoming) => {
        if (incoming.method !== 'DELETE' || service.instances.size < 4) return dispatch(incoming);
        resolve();
        return new Promise(() => undefined);
      };
    });
    const child = spawn(inject('bin'), ['check', running.url.href], { cwd, env: { ...quiet(), ...GIVEN } });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const closed = once(child, 'close') as Promise<[number | null]>;
    await removals;
    child.kill('SIGINT');
    await untilSeen(() => errors.includes('Ctrl-C once more'));
    // What arrives within half a second is the same Ctrl-C.
    await new Promise((resolve) => setTimeout(resolve, 700));
    child.kill('SIGINT');
    expect((await closed)[0]).toBe(130);
    expect(errors).toContain('Cancelled before the instances were removed.');
    for (const name of service.instances.keys()) expect(output).toContain(`# ${name}\n`);
    expect(service.instances.size).toBeGreaterThan(3);
  });

  it('removes its instances, and keeps its exit code, when nothing reads its output', async () => {
    breakBinds();
    const child = spawn(inject('bin'), ['check', running.url.href, '--verbose'], { cwd, env: { ...quiet(), ...GIVEN } });
    const closed = once(child, 'close') as Promise<[number | null]>;
    child.stdout.destroy();
    child.stderr.destroy();
    expect((await closed)[0]).toBe(1);
    expect(service.instances.size).toBe(0);
  });

  it('names the instances left behind when the service disappears, with commands that remove them', async () => {
    const child = spawn(inject('bin'), ['check', running.url.href], { cwd, env: { ...quiet(), ...GIVEN } });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const closed = once(child, 'close') as Promise<[number | null]>;
    await untilSeen(() => service.instances.size > 3);
    const [left] = service.instances.keys();
    await running.close();
    expect((await closed)[0]).toBe(4);
    expect(output).toContain('became unreachable');
    expect(output).toMatch(new RegExp(`# ${String(left)}\\n +curl .*--request DELETE .*/resources/${String(left)}`));
    expect(output).not.toContain(PASSWORD);
    running = await serve(service);
  });

  it('reports a service that cannot be reached', async () => {
    await running.close();
    const { code, stderr } = await check([running.url.href]);
    expect(code).toBe(4);
    expect(stderr).toContain(`${running.url.href} cannot be reached`);
    running = await serve(service);
  });
});

describe('check, used wrongly', () => {
  it.each([
    [['http://127.0.0.1:1', '--onyl', 'x'], GIVEN, /Unknown option --onyl/],
    [['http://127.0.0.1:1', '--only', 'bind-ap'], GIVEN, /Unknown check or group "bind-ap"[^]*bind-app/],
    [['http://127.0.0.1:1', '--format', 'yaml'], GIVEN, /Invalid value for --format: "yaml"[^]*junit/],
    [['http://127.0.0.1:1', '--timeout', 'soon'], GIVEN, /--timeout must be a number of seconds, .*not "soon"/],
    [['http://127.0.0.1:1', '--max-time', '0'], GIVEN, /--max-time must be a number of seconds, .*not "0"/],
    [['http://127.0.0.1:1', '--parameter', 'x'], GIVEN, /key=value/],
    [['http://127.0.0.1:1', 'http://127.0.0.1:2'], GIVEN, /only one URL can be given/],
    [['http://u:p@127.0.0.1:1'], GIVEN, /contains a user name or a password/],
    [['ftp://127.0.0.1:1'], GIVEN, /is not an address of HTTP/],
    [['http://127.0.0.1:1', '--only', 'multi-cluster'], GIVEN, /add --multi-cluster/],
    [['http://127.0.0.1:1', '--password'], GIVEN, /--password needs a value/],
    [['http://127.0.0.1:1', '--manifest', 'none.yaml'], GIVEN, /none\.yaml cannot be read/],
    [['http://127.0.0.1:1'], { SERVICE_USERNAME: 'x' }, /password is missing[^]*SERVICE_PASSWORD/],
    [['http://127.0.0.1:1'], {}, /user name is missing/],
    [[], GIVEN, /address is missing/],
  ] as const)('%j ends with 2 and says why', async (args, environment, message) => {
    const { code, stdout, stderr } = await check(args, { ...environment });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  it('lists the checks and shows its help', async () => {
    const list = await check(['--list'], {});
    expect(list.code).toBe(0);
    expect(list.stdout).toContain('bind-app.repeat  (must; Replies: bind)');
    const help = await check(['--help'], {});
    expect(help.code).toBe(0);
    expect(help.stdout).toContain('--manifest FILE');
  });
});

async function untilSeen(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2));
}
