import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runCli, type Run } from '../support/cli.ts';

const PASSWORD = 'the-secret-of-the-service';
const MANIFEST = `id: my-db\nusername: my-db\npassword: ${PASSWORD}\nendpoint:\n  production: https://my-db.example.com\nmulti-cluster: false\n`;
const EXAMPLE = MANIFEST.replace(PASSWORD, '""');
const ENV = `SERVICE_USERNAME=my-db\nSERVICE_PASSWORD=${PASSWORD}\n`;

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'manifest-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
}

function run(args: readonly string[] = [], environment: Record<string, string> = {}): Promise<Run> {
  return runCli(['manifest', ...args], { cwd, environment });
}

describe('manifest', () => {
  it.each([[[]], [['--check']], [['manifest.yaml']]])('says in one line that a manifest is right: %j', async (args) => {
    write({ 'manifest.yaml': MANIFEST, '.env': ENV });
    expect(await run(args)).toMatchObject({ code: 0, stdout: 'manifest.yaml is what Tsuru needs.\n', stderr: '' });
  });

  it.each([[[]], [['--check']], [['--print']]])('says every problem by its line, prints nothing, and exits with 6: %j', async (args) => {
    write({ 'manifest.yaml': MANIFEST.replace('id: my-db', 'id: My_DB').replace('username: my-db', 'usrname: my-db') });
    expect(await run(args)).toMatchObject({
      code: 6,
      stdout: '',
      stderr:
        'manifest.yaml:1: id: It must be 1 to 40 lower case letters, digits and dashes, and start with a letter.\n' +
        'manifest.yaml:2: usrname: Tsuru does not read this field. Did you mean username?\n',
    });
  });

  it('prints the manifest as it is if it is complete', async () => {
    const text = `\ufeff# mine\r\n${MANIFEST.replaceAll('\n', '\r\n')}`;
    write({ 'manifest.yaml': text, '.env': ENV });
    expect(await run(['--print'])).toMatchObject({ code: 0, stdout: text, stderr: '' });
  });

  it('prints that of a fresh clone with the password of the environment, or of .env', async () => {
    const whole = EXAMPLE.replace('""', JSON.stringify(PASSWORD));
    write({ 'manifest.example.yaml': EXAMPLE });
    expect(await run()).toMatchObject({ code: 6, stderr: 'manifest.example.yaml:3: password: It is missing: it must be the one that the service takes.\n' });
    expect(await run(['--print'], { SERVICE_PASSWORD: PASSWORD })).toMatchObject({ code: 0, stdout: whole, stderr: '' });
    write({ '.env': ENV });
    expect(await run(['--print'])).toMatchObject({ code: 0, stdout: whole, stderr: '' });
    expect((await run(['--print'], { SERVICE_PASSWORD: 'other' })).stdout).toBe(EXAMPLE.replace('""', '"other"'));
  });

  it('takes the password of the environment before that of the file', async () => {
    write({ 'manifest.yaml': MANIFEST });
    for (const env of ['', ENV, `SERVICE_PASSWORD=new\nSERVICE_OLD_PASSWORD=${PASSWORD}\n`]) {
      write({ '.env': env });
      expect((await run(['--print'], { SERVICE_PASSWORD: 'other' })).stdout).toBe(MANIFEST.replace(PASSWORD, '"other"'));
    }
  });

  it('finds credentials that are not those of the service', async () => {
    write({ 'manifest.yaml': MANIFEST, '.env': 'SERVICE_USERNAME=me\nSERVICE_PASSWORD=other-secret\n' });
    const { code, stdout, stderr } = await run();
    expect([code, stdout]).toEqual([6, '']);
    expect(stderr).toMatch(/^manifest\.yaml:2: username: It is not SERVICE_USERNAME.*\nmanifest\.yaml:3: password: It is not SERVICE_PASSWORD.*\n$/);
  });

  it('takes the old password while the new one is being introduced', async () => {
    write({ 'manifest.yaml': MANIFEST, '.env': `SERVICE_USERNAME=my-db\nSERVICE_PASSWORD=new\nSERVICE_OLD_PASSWORD=${PASSWORD}\n` });
    expect(await run()).toMatchObject({ code: 0, stderr: '' });
  });

  it('warns of what is right, and yet may not be meant', async () => {
    write({ 'local.yaml': MANIFEST.replace('https://my-db.example.com', 'http://localhost:8888\n  c1: https://c1.example.com') });
    expect(await run(['local.yaml'])).toMatchObject({
      code: 0,
      stdout: 'local.yaml is what Tsuru needs.\n',
      stderr:
        'local.yaml: warning: endpoint.production: A Tsuru on another machine cannot reach http://localhost:8888.\n' +
        'local.yaml: warning: endpoint: "tsuru service create" sends production only; "create-tsuru-service publish" sends all.\n',
    });
    write({ 'local.yaml': MANIFEST.replace('https://my-db.example.com', '"http://localhost/\\e[2J"') });
    const { stderr } = await run(['local.yaml']);
    expect(stderr).toContain('warning: endpoint.production: A Tsuru on another machine cannot reach http://localhost/\\u{1b}[2J.\n');
    expect(stderr).not.toMatch(/(?!\n)\p{Cc}/u);
  });

  it('warns without the password, whatever a cluster is called', async () => {
    write({ 'manifest.yaml': MANIFEST.replace(PASSWORD, `&a ${PASSWORD}`).replace('multi-cluster', '  *a : http://localhost\nmulti-cluster') });
    const { code, stdout, stderr } = await run();
    expect([code, stdout]).toEqual([0, 'manifest.yaml is what Tsuru needs.\n']);
    expect(stderr).toContain('warning: endpoint.***: A Tsuru on another machine cannot reach http://localhost.\n');
  });

  it('reads a given manifest, a link as well, with the .env beside it', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'manifest-elsewhere-'));
    try {
      write({ '.env': 'SERVICE_PASSWORD=not-of-that-one\n' });
      writeFileSync(join(elsewhere, 'real.yaml'), EXAMPLE);
      writeFileSync(join(elsewhere, '.env'), ENV);
      symlinkSync('real.yaml', join(elsewhere, 'link.yaml'));
      expect(await run([join(elsewhere, 'link.yaml'), '--print'])).toMatchObject({ code: 0, stdout: EXAMPLE.replace('""', JSON.stringify(PASSWORD)) });
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  it('shows the password with --print only', async () => {
    const manifests = [MANIFEST, `${MANIFEST}password: ${PASSWORD}\n`, MANIFEST.replace(PASSWORD, `"${PASSWORD}" ${PASSWORD}`), MANIFEST.replace(PASSWORD, `*${PASSWORD}`), MANIFEST.replace(PASSWORD, `"\\q${PASSWORD}"`), `- ${PASSWORD}\n`];
    for (const text of manifests) {
      write({ 'manifest.yaml': text, '.env': ENV });
      const { stdout, stderr } = await run();
      expect(stdout + stderr).not.toContain(PASSWORD);
    }
  });

  it.each([
    ['.env', ['manifest'], 5, /^\.env cannot be read: it is a pipe, not a regular file\.\nReplace it with a regular file/],
    ['.env', ['publish', '--dry-run'], 5, /^\.env cannot be read: it is a pipe/],
    ['manifest.yaml', ['manifest', 'manifest.yaml'], 5, /^manifest\.yaml cannot be read: it is a pipe/],
    ['manifest.yaml', ['sandbox', 'http://127.0.0.1:1', '--manifest', 'manifest.yaml'], 2, /^The manifest manifest\.yaml cannot be read: it is a pipe/],
  ])('waits for no pipe that %s is: %j', async (name, args, code, message) => {
    write({ 'manifest.yaml': MANIFEST, 'tsuru-service.yaml': 'version: 1\nname: my-db\n' });
    rmSync(join(cwd, name), { force: true });
    execFileSync('mkfifo', [join(cwd, name)]);
    expect(await runCli(args, { cwd, killAfter: 30_000 })).toMatchObject({ code, stderr: expect.stringMatching(message) as string });
  });

  it.each([
    ['there is none', [], 5, /manifest\.yaml does not exist\.\nRun it in a project/],
    ['the given one is missing', ['none.yaml'], 5, /none\.yaml does not exist\./],
    ['it is a directory', ['.'], 5, /cannot be read: it is a directory, not a regular file\.\nIt must be a regular file\./],
    ['it is a device', ['/dev/zero'], 5, /cannot be read: it is a device/],
    ['an option is unknown', ['--prnt'], 2, /Did you mean --print\?/],
    ['two options exclude each other', ['--check', '--print'], 2, /--check and --print exclude each other/],
    ['there are two', ['a.yaml', 'b.yaml'], 2, /only one manifest/],
  ])('exits with the code for it if %s', async (_, args, code, message) => {
    expect(await run(args)).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(message) as string });
  });
});
