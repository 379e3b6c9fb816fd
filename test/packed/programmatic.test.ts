import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';

import { filesBelow, quiet, runCli } from '../support/cli.ts';

/** A program that imports the package, as its users write it. */
describe('a TypeScript program that imports the packed package', () => {
  let cwd: string;
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), 'programmatic-'));
    mkdirSync(join(cwd, 'node_modules'));
    symlinkSync(join(dirname(dirname(inject('bin'))), 'create-tsuru-service'), join(cwd, 'node_modules/create-tsuru-service'));
    symlinkSync(resolve('node_modules/@types'), join(cwd, 'node_modules/@types'));
    writeFileSync(join(cwd, 'package.json'), '{"type":"module"}');
  });
  afterEach(() => {
    rmSync(cwd, { recursive: true, force: true });
  });

  const node = (...args: string[]) =>
    execFileSync('node', args, { cwd, encoding: 'utf8', env: { ...quiet(), HOME: cwd } });
  const run = (text: string) => {
    writeFileSync(join(cwd, 'program.ts'), text);
    const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--types', 'node'];
    const module = ['--module', 'nodenext', '--target', 'es2023', 'program.ts'];
    node(resolve('node_modules/typescript/bin/tsc'), ...strict, ...module);
    return node('program.js');
  };

  it('starts nothing by importing it', () => {
    expect(run("import * as api from 'create-tsuru-service';\nconsole.log(Object.keys(api).join(' '));\n")).toBe(
      'ExpectedError check create render\n',
    );
    expect(filesBelow(cwd)).not.toContain('tsuru-service.yaml');
  });

  it('renders the files that the command line writes, and no secret', async () => {
    const output = run(`import { render, type Tree } from 'create-tsuru-service';
      const tree: Tree = await render({ name: 'my-db', framework: 'hono' });
      console.log(JSON.stringify([...tree].map(([path, { content, mode, fileClass }]) =>
        [path, content.toString('base64'), mode, fileClass])));`);
    await runCli(['my-db', '--yes', '--framework', 'hono', '--no-install', '--no-git'], { cwd });
    const rendered = JSON.parse(output) as [string, string, number, string][];
    for (const [path, content, mode] of rendered) {
      expect([path, content]).toEqual([path, readFileSync(join(cwd, 'my-db', path)).toString('base64')]);
      expect(mode).toBe(0o644);
    }
    const paths = new Set(rendered.map(([path]) => path));
    const others = filesBelow(join(cwd, 'my-db')).filter((path) => !paths.has(path) && !path.startsWith('.tsuru-service'));
    expect(others).toEqual(['.env', 'manifest.yaml']);
    expect(rendered.find(([path]) => path === 'src/backend.ts')?.[3]).toBe('seeded');
  });

  it('creates a project that the command line goes on with', async () => {
    const output = run(`import { create, type Created } from 'create-tsuru-service';
      const { directory, files, replaced, backup }: Created = await create('my-db', { name: 'my-db', team: 'dbas' });
      console.log(JSON.stringify([directory, [...files.keys()], replaced, backup ?? null]));`);
    const project = join(cwd, 'my-db');
    const [directory, paths, ...kept] = JSON.parse(output) as [string, string[], string[], null];
    expect(directory.endsWith('/my-db')).toBe(true);
    expect(filesBelow(project)).toEqual(paths.sort());
    expect(kept).toEqual([[], null]);
    expect(statSync(join(project, '.env')).mode & 0o777).toBe(0o600);
    expect(await runCli(['regenerate', '--check'], { cwd: project })).toMatchObject({ code: 0 });
  });

  it('is told what is wrong by an ExpectedError, and nothing is written', () => {
    mkdirSync(join(cwd, 'full/src'), { recursive: true });
    writeFileSync(join(cwd, 'full/src/app.ts'), 'mine');
    const output = run(`import { check, create, ExpectedError, render } from 'create-tsuru-service';
      const service = { username: 'a', password: 'b' };
      for (const attempt of [
        () => render({ name: 'No Name' }),
        () => create('full', { name: 'my-db' }),
        () => check('http://127.0.0.1:9', service),
        () => check('http://127.0.0.1:9', { ...service, only: ['bnd'] }),
      ]) {
        await attempt().catch((error: unknown) => {
          console.log(error instanceof ExpectedError ? error.message.split('\\n')[0] : 'a bug');
        });
      }
      await create('full', { name: 'my-db' }, { overwrite: true }).then(({ replaced, backup }) => console.log(replaced, backup));`);
    expect(output.trim().split('\n')).toEqual([
      expect.stringMatching(/^answers: name must start with a letter/),
      'The directory full is not empty.',
      expect.stringMatching(/^http:\/\/127\.0\.0\.1:9\/ cannot be reached: /),
      'Unknown check or group "bnd".',
      "[ 'src/app.ts' ] .tsuru-service/backup/0001",
    ]);
    expect(readFileSync(join(cwd, 'full/.tsuru-service/backup/0001/src/app.ts'), 'utf8')).toBe('mine');
  });

  it('refuses arguments of a wrong type with an ExpectedError', () => {
    writeFileSync(
      join(cwd, 'plain.js'),
      `import { check, create, ExpectedError, render } from 'create-tsuru-service';
      const service = { username: 'a', password: 'b' };
      for (const attempt of [
        () => render(undefined),
        () => render(5),
        () => render({}),
        () => render({ name: 5 }),
        () => create(undefined, { name: 'my-db' }),
        () => create('', { name: 'my-db' }),
        () => create('a\\0b', { name: 'my-db' }),
        () => create('my-db', { framework: 'hono' }),
        () => check('http://127.0.0.1:9'),
        () => check('http://127.0.0.1:9', { username: 'a' }),
        () => check('http://127.0.0.1:9', { ...service, plan: 5 }),
        () => check('http://127.0.0.1:9', { ...service, only: 'auth' }),
        () => check('http://127.0.0.1:9', { ...service, encodings: ['xml'] }),
        () => check('http://127.0.0.1:9', { ...service, timeout: 'soon' }),
        () => check('http://127.0.0.1:9', { ...service, maxTime: 0 }),
        () => check('http://127.0.0.1:9', { ...service, ca: 5 }),
        () => check('http://127.0.0.1:9', { ...service, quick: 'yes' }),
        () => check('http://127.0.0.1:9', { ...service, parametersBy: { nmaes: { a: 'b' } } }),
      ]) {
        await attempt().then(
          () => console.log('accepted'),
          (error) => console.log(error instanceof ExpectedError ? error.message : 'a bug', error.hint),
        );
      }`,
    );
    const hint = 'The type declarations of create-tsuru-service describe every argument.';
    expect(node('plain.js').trim().split('\n')).toEqual(
      [
        'answers must be an object.',
        'answers must be an object.',
        'answers: name is missing.',
        'answers: name must be a string.',
        'directory must be a path.',
        'directory must be a path.',
        'directory must be a path.',
        'answers: name is missing.',
        'options must be an object.',
        'options: password must be a string.',
        'options: plan must be a string.',
        'options: only must be a list of strings.',
        'options: encodings must be a list of form and json.',
        'options: timeout must be a positive number of milliseconds.',
        'options: maxTime must be a positive number of milliseconds.',
        'options: ca must be a string.',
        'options: quick must be true or false.',
        'options: parametersBy has "nmaes", which is no check and no group.',
      ].map((message) => `${message} ${hint}`),
    );
    expect(filesBelow(cwd)).not.toContain('my-db/tsuru-service.yaml');
  });

  it('checks a service, with the facts of --format json', () => {
    const output = run(`import { createServer } from 'node:http';
      import type { AddressInfo } from 'node:net';
      import { check, type RunFacts } from 'create-tsuru-service';
      const server = createServer(({ headers }, response) => {
        // Any password will do.
        response.writeHead(headers.authorization === undefined ? 401 : 200).end();
      }).listen(0, '127.0.0.1');
      await new Promise((listening) => server.once('listening', listening));
      const url = \`http://127.0.0.1:\${(server.address() as AddressInfo).port}\`;
      const facts: RunFacts = await check(url, { username: 'my-db', password: 'secret', only: ['auth', 'plans'] });
      server.close();
      console.log(JSON.stringify(facts));`);
    const facts = JSON.parse(output) as Record<string, unknown>;
    expect(facts).toMatchObject({ version: 2, service: 'my-db', ending: 'complete' });
    const checks = facts['checks'] as { group: string; outcome: string }[];
    expect(new Set(checks.map(({ group }) => group))).toEqual(new Set(['auth', 'plans']));
    expect(checks.some(({ outcome }) => outcome === 'failed' || outcome === 'blocked')).toBe(true);
    expect(output).not.toContain('secret');
  });
});
