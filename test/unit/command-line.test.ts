import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseCommandLine } from '../../src/terminal/create-options.ts';
import { EXIT, ExpectedError } from '../../src/errors.ts';
import { CREATE, ENDPOINT_ADD, commandIn } from '../../src/terminal/commands.ts';
import { isGiven } from '../../src/terminal/options.ts';
import { QUESTIONS, serviceIdFrom } from '../../src/answers/questions.ts';
import { nearest } from '../../src/text.ts';
import { SEED } from '../support/seed.ts';

function refusal(...argv: string[]): ExpectedError {
  try {
    parseCommandLine(argv);
  } catch (error) {
    if (error instanceof ExpectedError) return error;
  }
  throw new Error(`${argv.join(' ')} was taken`);
}

describe('the command line', () => {
  it('reads a directory and every answer', () => {
    const { directory, answers, switches } = parseCommandLine([
      'my dir',
      '--name',
      'my-db',
      '--framework=hono',
      '--backend',
      'blank',
      '--store',
      'sqlite',
      '--provisioning',
      'background',
      '--encoding',
      'json',
      '--multi-cluster',
      '--team',
      'dbas',
      '--endpoint',
      'https://db.example.com/base/',
      '--plan',
      'a=1 = one',
      '--plan=b=two',
      '--pm',
      'pnpm',
      '--no-install',
      '--no-git',
      '-y',
      '--dry-run',
    ]);
    expect(directory).toBe('my dir');
    expect(answers).toEqual({
      name: 'my-db',
      framework: 'hono',
      backend: 'blank',
      store: 'sqlite',
      provisioning: 'background',
      encoding: 'json',
      multiCluster: true,
      team: 'dbas',
      endpoint: 'https://db.example.com/base',
      packageManager: 'pnpm',
      plans: [
        { name: 'a', description: '1 = one' },
        { name: 'b', description: 'two' },
      ],
    });
    expect(switches).toMatchObject({ yes: true, install: false, git: false, verify: true, dryRun: true });
  });

  it('takes a stray -- wherever it stands', () => {
    expect(parseCommandLine(['--', 'dir', '--', '--yes'])).toMatchObject({ directory: 'dir', switches: { yes: true } });
  });

  it('lets the last of a flag win', () => {
    expect(parseCommandLine(['--framework', 'hono', '--framework', 'express']).answers.framework).toBe('express');
    expect(parseCommandLine(['--multi-cluster', '--no-multi-cluster']).answers.multiCluster).toBe(false);
    expect(parseCommandLine(['--no-git', '--git']).switches.git).toBe(true);
  });

  it.each([
    [['--framwork', 'hono'], /no flag --framwork/, /--framework/],
    [['--frame', 'hono'], /no flag --frame/, /^Did you mean --framework\?$/],
    [['endpont', 'add', 'x'], /no command "endpont"/, /^Did you mean create-tsuru-service endpoint\?$/],
    [['chek', 'http://localhost:8888'], /no command "chek"/, /^Did you mean create-tsuru-service check\?$/],
    [['--wibble'], /no flag --wibble/, /--framework, .*--dry-run/],
    [['-x'], /no flag -x/, /The flags are/],
    [['--no-framework'], /no flag --no-framework/, /^Did you mean --framework\?$/],
    [['--framework', 'koa'], /cannot be "koa"/, /express, fastify, hono/],
    [['--framework', 'fastfy'], /cannot be "fastfy"/, /fastify/],
    [['--framework'], /needs a value/, /express, fastify, hono/],
    [['--framework', '--yes'], /needs a value/, /express/],
    [['--yes=false'], /takes no value/, /^Run it with --help/],
    [['--name', 'My Service'], /--name must start/, /^Run it with --help/],
    [['--name', `a${'b'.repeat(40)}`], /at most 40/, /^Run it with --help/],
    [['--endpoint', 'db.example.com'], /must be a URL/, /^Run it with --help/],
    [['--endpoint', 'ftp://x'], /http/, /^Run it with --help/],
    [['--endpoint', 'https://u:p@x'], /no user name/, /^Run it with --help/],
    [['--endpoint', 'https://x/?a'], /"\?"/, /^Run it with --help/],
    [['--team', 'a b'], /no spaces/, /^Run it with --help/],
    [['--plan', '=x'], /no name/, /^Run it with --help/],
    [['--plan', 'c'], /"c" has no description/, /^Run it with --help/],
    [['--plan', 'a=1', '--plan', 'c='], /"c" has no description/, /^Run it with --help/],
    [['--plan', 'a=1', '--plan', 'a=2'], /"a" twice/, /^Run it with --help/],
    [['--plan', 'a=1\n2'], /one line/, /^Run it with --help/],
    [['a', 'b'], /one directory/, /^Run it with --help/],
    [[''], /empty/, /^Run it with --help/],
  ])('refuses %j', (argv, message, hint) => {
    const error = refusal(...argv);
    expect(error.exitCode).toBe(EXIT.usage);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });
});

describe('a flag that asks for the help or the version', () => {
  it.each([
    [['-v'], 'version'],
    [['dir', '--yes', '--version'], 'version'],
    [['-yh'], 'help'],
    [['--', '--help'], 'help'],
  ])('is one where it stands as a flag: %j', (argv, flag) => {
    expect(isGiven(argv, CREATE.options, flag)).toBe(true);
  });

  it.each([
    [['x', '--description', '-v'], 'version'],
    [['x', '--description', '-h'], 'help'],
    [['x', '--description=--help'], 'help'],
    [['x', '--path', '-h'], 'help'],
  ])('is a text where it stands as a value: %j', (argv, flag) => {
    expect(isGiven(argv, ENDPOINT_ADD.options, flag)).toBe(false);
  });
});

it.each([
  [['endpoint', 'list', '--method', 'X'], 'endpoint list'],
  [['endpoint', '--help'], 'endpoint'],
  [['regenerate', 'dir'], 'regenerate'],
  [['my-db', 'check'], ''],
  [[], ''],
])('finds the command of %j', (argv, name) => {
  expect(commandIn(argv).name).toBe(name);
});

describe('a service id', () => {
  it.each([
    ['my-service', 'my-service'],
    ['/tmp/My Service', 'my-service'],
    ['2nd_Étage!', 'nd-etage'],
    ['日本', 'my-service'],
    ['---', 'my-service'],
    [`a${'b'.repeat(60)}`, `a${'b'.repeat(39)}`],
    [`${'a'.repeat(39)}-b`, 'a'.repeat(39)],
  ])('from the directory %s is %s', (directory, id) => {
    expect(serviceIdFrom(directory)).toBe(id);
  });

  it('is a valid one, from any directory', () => {
    const anyDirectory = fc.oneof(fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[-_ A-Za-z0-9/]{0,60}$/));
    fc.assert(
      fc.property(anyDirectory, (directory) => {
        expect(serviceIdFrom(directory)).toMatch(/^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/);
      }),
      { numRuns: 2000, seed: SEED },
    );
  });
});

it('finds the word that was meant, and none when nothing is near', () => {
  expect(nearest('expres', ['express', 'fastify'])).toBe('express');
  expect(nearest('koa', ['express', 'fastify', 'hono'])).toBeUndefined();
});

it('has a default that every question takes itself', () => {
  for (const question of QUESTIONS) {
    const value = question.default({ directory: 'Some Where', packageManager: 'yarn' });
    if (question.kind === 'text') {
      expect(question.parse((question.format as (answer: unknown) => string[])(value))).toEqual(value);
    }
    if (question.kind === 'choice') expect(question.choices.map((choice) => choice.value)).toContain(value);
  }
});
