import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { VERSIONS } from '../../src/render/versions.ts';
import { FRAMEWORKS, METHODS, type EndpointAnswer } from '../../src/answers/answers.ts';
import { endpointsProblem, withEndpointDefaults } from '../../src/answers/endpoints.ts';
import { Workshop } from '../support/project.ts';

const workshop = new Workshop();
let installed: string;

beforeAll(async () => {
  installed = await workshop.project();
  const names = ['express', '@types/express', 'fastify', 'light-my-request', 'hono', '@hono/node-server'] as const;
  npm(installed, 'install', '--no-audit', '--no-fund', ...names.map((name) => `${name}@${VERSIONS[name]}`));
});

afterAll(() => {
  workshop.close();
});

/** Words of the language, of the linter, of Vitest, and of the files in which a handler's name stands. */
const NAMES =
  `arguments async await class const default delete do else enum eval export false for from function get global-this if
  import in interface is let new null of package private return set static super switch test then this true type typeof
  undefined using var void with yield answer call catch describe endpoint endpoint-handler endpoints expect handle index
  it module require test-service v-1 v1 a-1-2 a1-2 a-12 a12 eval-handler usage`.split(/\s+/);

const PARAMETERS = ['{constructor}', '{instance}', '{__proto__}', '{toString}'];

const DESCRIPTIONS = [
  ...['\u00a0', '\u2028', '\u2029', '\ufeff', '\u200b', '\u202e', '\u3000', '\u180e', '\u00ad'].map((odd) => `a${odd}b`),
  ...['eslint-disable', '@ts-nocheck', '@deprecated', '/* a', '<script>', '`${a}`', '\\u{', '"', "'", '{{a}}', '# a: b'],
];

const ENDPOINTS: EndpointAnswer[] = [
  ...NAMES.map((name) => withEndpointDefaults({ name })),
  ...METHODS.map((method) => withEndpointDefaults({ name: `m-${method.toLowerCase()}`, method, path: `/m/${method}` })),
  ...(['service', 'authenticated'] as const).flatMap((scope) =>
    METHODS.map((method) => {
      const name = `${scope}-${method.toLowerCase()}`;
      return withEndpointDefaults({ name, scope, method, path: `/m/${method}/{id}` });
    }),
  ),
  withEndpointDefaults({ name: 'service-endpoint', scope: 'service' }),
  ...PARAMETERS.map((part, index) => withEndpointDefaults({ name: `p-${index}`, path: `/p/${index}/${part}` })),
  ...DESCRIPTIONS.map((description, index) => withEndpointDefaults({ name: `d-${index}`, description })),
];

function npm(cwd: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8' });
  expect({ args, status, output: status === 0 ? '' : stdout + stderr }).toEqual({ args, status: 0, output: '' });
  return stripVTControlCharacters(stdout);
}

it.each(FRAMEWORKS)(
  'every name, method, parameter and description that is accepted passes types and lint in %s, and tests in one framework',
  { timeout: 900_000 },
  async (framework) => {
    const endpoints = ENDPOINTS.filter((one) => endpointsProblem([one], framework) === undefined);
    const refused = ENDPOINTS.filter((one) => !endpoints.includes(one)).map(({ name }) => name);
    expect(refused).toEqual(framework === 'hono' ? ['m-head', 'service-head', 'authenticated-head'] : []);
    expect(endpointsProblem(endpoints, framework)).toBeUndefined();
    const project = await workshop.project({ framework, endpoints });
    symlinkSync(join(installed, 'node_modules'), join(project, 'node_modules'));
    npm(project, 'run', 'types');
    npm(project, 'run', 'lint');
    // A handler and its test import no framework.
    if (framework !== 'express') return;
    const output = npm(project, 'test', '--', 'test/endpoints/', '--no-isolate', '--testTimeout=100000');
    npm(project, 'test', '--', 'test/tsuru/openapi');
    expect(Number(/Tests\s+(\d+) passed/.exec(output)?.[1])).toBe(endpoints.length);
  },
);
