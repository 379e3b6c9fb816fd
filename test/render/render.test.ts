import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { FRAMEWORKS, METHODS, PACKAGE_MANAGERS, type Answers } from '../../src/answers/answers.ts';
import { readBases } from '../../src/project/base.ts';
import { sha256 } from '../../src/project/hash.ts';
import { lockFiles } from '../../src/project/lock.ts';
import { newProject } from '../../src/project/new.ts';
import { render, renderWithSecrets } from '../../src/render/render.ts';
import { answersWith, templates } from '../support/answers.ts';

const HOSTILE = `it's "q" \`b\` \\ \${x} {{name}} # : - é 日本 \u{1f600} <b>&amp; | %s $(id)`;

async function files(answers: Answers): Promise<Map<string, string>> {
  const tree = await render(answers, templates);
  return new Map([...tree].map(([path, { content }]) => [path, content.toString('utf8')]));
}

const every = FRAMEWORKS.flatMap((framework) =>
  PACKAGE_MANAGERS.map((packageManager) => ({ framework, packageManager })),
);

describe.each(every)('a project with $framework and $packageManager', ({ framework, packageManager }) => {
  const answers = answersWith({
    framework,
    packageManager,
    provisioning: 'background',
    encoding: 'json',
    multiCluster: true,
    strictActions: true,
    legacyCompat: false,
    team: 'dbas',
    endpoint: 'https://db.example.com/base',
    plans: [
      { name: HOSTILE, description: HOSTILE },
      { name: 'null', description: '' },
    ],
    endpoints: [
      { name: 'take-backup', method: 'POST', path: '/backups/{id}', action: 'backups.take', description: HOSTILE },
    ],
  });

  it('is the same bytes every time', async () => {
    expect(await files(answers)).toEqual(await files(structuredClone(answers)));
  });

  it('has JSON and YAML that say what was answered', async () => {
    const rendered = await files(answers);
    const parsed = (path: string) => parse(rendered.get(path) ?? '') as Record<string, unknown>;
    expect(JSON.parse(rendered.get('package.json') ?? '')).toMatchObject({ name: 'my-service', type: 'module' });
    const { version, ...record } = parsed('tsuru-service.yaml');
    expect(version).toBe(1);
    expect(record).toEqual(answers);
    expect(JSON.parse(rendered.get('permissions.json') ?? '')).toEqual({
      enabled: true,
      strict_actions: true,
      legacy_compat: false,
      operations: [{ method: 'POST', path: '/backups/{id}', action: 'backups.take' }],
    });
    expect(parsed('openapi.yaml')['paths']).toMatchObject({
      '/resources/{instance}/backups/{id}': { post: { summary: HOSTILE } },
    });
    expect(parsed('manifest.example.yaml')).toEqual({
      id: 'my-service',
      username: 'my-service',
      password: '',
      team: 'dbas',
      endpoint: { production: answers.endpoint },
      'multi-cluster': true,
    });
    for (const path of ['tsuru.yaml', '.github/workflows/ci.yaml']) expect(parsed(path)).toEqual(expect.any(Object));
    expect(rendered.get('.github/workflows/ci.yaml')).toContain('${{ matrix.node }}');
  });

  it('has the plans in its code', async () => {
    const code = (await files(answers)).get('src/plans.ts') ?? '';
    const literals = [...code.matchAll(/\{ name: (".*"), description: (".*") \}/g)].map(([, name, text]) => [
      JSON.parse(name ?? '') as string,
      JSON.parse(text ?? '') as string,
    ]);
    expect(literals).toEqual([
      [HOSTILE, HOSTILE],
      ['null', ''],
    ]);
  });

  it('speaks of its package manager only', async () => {
    const rendered = await files(answers);
    const others = PACKAGE_MANAGERS.filter((name) => name !== packageManager && name !== 'npm');
    for (const path of ['README.md', 'package.json', 'Dockerfile', '.github/workflows/ci.yaml']) {
      for (const other of others) expect(rendered.get(path)).not.toMatch(new RegExp(`\\b${other} `));
    }
    expect(rendered.get('README.md')).toContain(`${packageManager} install`);
  });
});

describe.each(FRAMEWORKS)('the tests of a project in %s', (framework) => {
  it('are ours in test/tsuru, and its owner\'s elsewhere', async () => {
    const rendered = [...(await render(answersWith({ framework }), templates))].filter(([path]) => path.startsWith('test/'));
    const outside = rendered.filter(([path]) => !path.startsWith('test/tsuru/'));
    expect(outside.map(([path, { fileClass }]) => [path, fileClass])).toEqual([
      ['test/backend.test.ts', 'seeded'],
      ['test/endpoints/usage.test.ts', 'seeded'],
    ]);
    const inside = rendered.filter((file) => !outside.includes(file));
    expect(inside.length).toBeGreaterThan(15);
    expect(inside.filter(([, { fileClass }]) => fileClass !== 'generated')).toEqual([]);
  });
});

describe('a project without endpoints', () => {
  it('is complete', async () => {
    const rendered = await files(answersWith({ endpoints: [] }));
    expect(JSON.parse(rendered.get('permissions.json') ?? '')).toMatchObject({ operations: [] });
    expect(parse(rendered.get('openapi.yaml') ?? '')).toMatchObject({ paths: {} });
    expect(parse(rendered.get('tsuru-service.yaml') ?? '')).toMatchObject({ endpoints: [] });
  });
});

describe('the password', () => {
  const password = 'password-of-the-test';

  it('is in .env and manifest.yaml, which only their owner reads', async () => {
    const { secrets } = await renderWithSecrets(answersWith(), password, templates);
    expect([...secrets.keys()]).toEqual(['.env', 'manifest.yaml']);
    for (const { content, mode } of secrets.values()) {
      expect(content.toString()).toContain(password);
      expect(mode).toBe(0o600);
    }
    expect(parse(secrets.get('manifest.yaml')?.content.toString() ?? '')).toEqual({
      id: 'my-service',
      username: 'my-service',
      password,
      endpoint: { production: 'http://localhost:8888' },
      'multi-cluster': false,
    });
  });

  it('is in no other file of a new project, and its files are neither committed nor in the lock', async () => {
    const project = [...(await newProject(answersWith(), password, templates))];
    const text = (path: string) => project.find(([of]) => of === path)?.[1].content.toString() ?? '';
    expect(project.filter(([, { content }]) => content.includes(password)).map(([path]) => path)).toEqual([
      '.env',
      'manifest.yaml',
    ]);
    const { files: locked } = JSON.parse(text('.tsuru-service/lock.json')) as { files: Record<string, unknown> };
    expect(Object.keys(locked)).toContain('.env.example');
    expect(Object.keys(locked)).not.toContain('.env');
    expect(Object.keys(locked)).not.toContain('manifest.yaml');
    expect(text('.gitignore')).toMatch(/^\.env\nmanifest\.yaml$/m);
    // The backups that README.md and docs/operations.md make.
    expect(text('.gitignore')).toMatch(/^\*\.dump\n\*\.db$/m);
  });
});

describe('the lock', () => {
  it('has the base of every file that is merged or replaced', async () => {
    const answers = answersWith();
    const rendered = await render(answers, templates);
    const lock = lockFiles(answers, templates.version, rendered);
    const { files: locked, ...rest } = JSON.parse(lock.get('.tsuru-service/lock.json')?.content.toString() ?? '') as {
      files: Record<string, { class: string; base: string }>;
    };
    expect(rest).toEqual({ version: 1, generator: '0.0.0', answers });
    const bases = readBases(lock.get('.tsuru-service/base.jsonl')?.content ?? Buffer.alloc(0));
    expect([...bases.keys()]).toEqual([...bases.keys()].sort());
    for (const [path, { content, fileClass }] of rendered) {
      if (path === 'tsuru-service.yaml') continue;
      expect(locked[path]).toEqual({ class: fileClass, base: sha256(content) });
      expect({ path, base: bases.get(path) }).toEqual({ path, base: fileClass === 'seeded' ? undefined : content });
    }
  });
});

describe('the schemas of an endpoint', () => {
  it.each(METHODS.filter((method) => method !== 'OPTIONS'))('of the method %s are in a file of the owner, which the OpenAPI document refers to', async (method) => {
    const endpoint = { name: 'pn', method, path: '/pn/{id}', action: 'pn.show', description: 'Pn' };
    const tree = await render(answersWith({ endpoints: [endpoint], framework: 'fastify' }), templates);
    const file = tree.get('src/endpoints/pn.schema.json');
    expect(file?.fileClass).toBe('seeded');
    const schemas = JSON.parse(file?.content.toString() ?? '') as Record<string, unknown>;
    const hasBody = !['GET', 'HEAD'].includes(method);
    expect(Object.keys(schemas)).toEqual(['params', 'query', ...(hasBody ? ['body'] : []), 'response']);
    const references = [...(tree.get('openapi.yaml')?.content.toString() ?? '').matchAll(/"src\/endpoints\/pn\.schema\.json#(\/.*)"/g)];
    const used = references.map(([, pointer = '']) => pointer.split('/')[1]);
    expect(new Set(used)).toEqual(new Set(Object.keys(schemas).filter((key) => method !== 'HEAD' || key !== 'response')));
  });
});

describe('an endpoint whose parameter is called as the instance is', () => {
  it('has two parameters in the OpenAPI document, under two names', async () => {
    const endpoint = {
      name: 'pn',
      method: 'GET' as const,
      path: '/pn/{instance}',
      action: 'pn.show',
      description: 'Pn',
    };
    const rendered = await files(answersWith({ endpoints: [endpoint] }));
    const { paths } = parse(rendered.get('openapi.yaml') ?? '') as {
      paths: Record<string, { parameters: { name: string }[]; get: { parameters: { name: string; in: string }[] } }>;
    };
    expect(Object.keys(paths)).toEqual(['/resources/{service_instance}/pn/{instance}']);
    const [only] = Object.values(paths);
    expect(only?.parameters.map(({ name }) => name)).toEqual(['service_instance']);
    expect(only?.get.parameters.filter((one) => one.in === 'path').map(({ name }) => name)).toEqual(['instance']);
    expect(rendered.get('src/tsuru/endpoints.ts')).toContain('path: "/pn/:instance"');
  });
});
