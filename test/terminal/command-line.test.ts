import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseCommandLine } from '../../src/terminal/create-options.ts';
import { EXIT, ExpectedError } from '../../src/errors.ts';
import { CREATE, ENDPOINT_ADD, commandIn } from '../../src/terminal/commands.ts';
import { isGiven } from '../../src/terminal/arguments.ts';
import { QUESTIONS, serviceIdFrom } from '../../src/answers/questions.ts';
import { nearest } from '../../src/text.ts';
import { SEED } from '../support/seed.ts';

/** The hint of an error that has no better one. */
const HELP = /^Use --help to see/;

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

  it('ignores a stray -- anywhere', () => {
    expect(parseCommandLine(['--', 'dir', '--', '--yes'])).toMatchObject({ directory: 'dir', switches: { yes: true } });
  });

  it('uses the last value of a repeated flag', () => {
    expect(parseCommandLine(['--framework', 'hono', '--framework', 'express']).answers.framework).toBe('express');
    expect(parseCommandLine(['--multi-cluster', '--no-multi-cluster']).answers.multiCluster).toBe(false);
    expect(parseCommandLine(['--no-git', '--git']).switches.git).toBe(true);
  });

  it.each([
    [['--framwork', 'hono'], /Unknown option --framwork/, /--framework/],
    [['--frame', 'hono'], /Unknown option --frame/, /^Did you mean --framework\?$/],
    [['endpont', 'add', 'x'], /Unknown command "endpont"/, /^Did you mean create-tsuru-service endpoint\?$/],
    [['chek', 'http://localhost:8888'], /Unknown command "chek"/, /^Did you mean create-tsuru-service check\?$/],
    [['--wibble'], /Unknown option --wibble/, /--framework, .*--dry-run/],
    [['-x'], /Unknown option -x/, /Options: --name/],
    [['--no-framework'], /Unknown option --no-framework/, /^Did you mean --framework\?$/],
    [['--framework', 'koa'], /^Invalid value for --framework: "koa"\.$/, /^Valid values: express, fastify, hono\.$/],
    [['--framework', 'fastfy'], /--framework: "fastfy"/, /^Did you mean fastify\? Valid values: express, /],
    [['--framework'], /needs a value/, /express, fastify, hono/],
    [['--framework', '--yes'], /needs a value/, /express/],
    [['--name'], /--name needs a value/, /^--name id: the id of the service/],
    [['--yes=false'], /takes no value\.$/, HELP],
    [['--git=false'], /takes no value; use --no-git to turn it off/, HELP],
    [['--name', 'My Service'], /--name must start/, HELP],
    [['--name', `a${'b'.repeat(40)}`], /at most 40/, HELP],
    [['--endpoint', 'db.example.com'], /must be a URL/, HELP],
    [['--endpoint', 'ftp://x'], /http/, HELP],
    [['--endpoint', 'https://u:p@x'], /must not contain a user name/, HELP],
    [['--endpoint', 'https://x/?a'], /"\?"/, HELP],
    [['--team', 'a b'], /no spaces/, HELP],
    [['--plan', '=x'], /no name/, HELP],
    [['--plan', 'c'], /"c" has no description/, HELP],
    [['--plan', 'a=1', '--plan', 'c='], /"c" has no description/, HELP],
    [['--plan', 'a=1', '--plan', 'a=2'], /"a" twice/, HELP],
    [['--plan', 'a=1\n2'], /one line/, HELP],
    [['a', 'b'], /^Unexpected argument "b": only one directory can be given\.$/, HELP],
    [[''], /empty/, HELP],
  ])('refuses %j', (argv, message, hint) => {
    const error = refusal(...argv);
    expect(error.exitCode).toBe(EXIT.usage);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });
});

describe('--help and --version', () => {
  it.each([
    [['-v'], 'version'],
    [['dir', '--yes', '--version'], 'version'],
    [['-yh'], 'help'],
    [['--', '--help'], 'help'],
  ])('are recognized as flags: %j', (argv, flag) => {
    expect(isGiven(argv, CREATE.options, flag)).toBe(true);
  });

  it.each([
    [['x', '--description', '-v'], 'version'],
    [['x', '--description', '-h'], 'help'],
    [['x', '--description=--help'], 'help'],
    [['x', '--path', '-h'], 'help'],
  ])('are texts as values: %j', (argv, flag) => {
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

it('finds the closest word, and none when nothing is close', () => {
  expect(nearest('expres', ['express', 'fastify'])).toBe('express');
  expect(nearest('koa', ['express', 'fastify', 'hono'])).toBeUndefined();
});

it('has a valid default for every question', () => {
  for (const question of QUESTIONS) {
    const value = question.default({ directory: 'Some Where', packageManager: 'yarn' });
    if (question.kind === 'text') {
      expect(question.parse((question.format as (answer: unknown) => string[])(value))).toEqual(value);
    }
    if (question.kind === 'choice') expect(question.choices.map((choice) => choice.value)).toContain(value);
  }
});
