import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { FRAMEWORKS, PACKAGE_MANAGERS, type Answers } from '../../src/answers/answers.ts';
import { wordsOf } from '../../src/render/package-manager.ts';
import { render, renderWithSecrets } from '../../src/render/render.ts';
import { answersWith, templates } from '../support/answers.ts';

async function files(more: Partial<Answers>): Promise<Map<string, string>> {
  const tree = await render(answersWith(more), templates);
  return new Map([...tree].map(([path, { content }]) => [path, content.toString()]));
}

async function text(path: string, more: Partial<Answers> = {}): Promise<string> {
  return (await files(more)).get(path) ?? '';
}

interface Taken {
  method: string | undefined;
  path: string | undefined;
  authorization: string | undefined;
  type: string | undefined;
  body: string;
}

/** The documents' requests, as they stand, in a shell with a home like that of Tsuru's client after a login. */
describe('a request in the documents', () => {
  let home: string;
  let server: Server;
  let taken: Taken[];
  let status: number;

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'documents-'));
    taken = [];
    status = 200;
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method, url: path, headers } = request;
        const { authorization, 'content-type': type } = headers;
        taken.push({ method, path, authorization, type, body: Buffer.concat(chunks).toString() });
        response.writeHead(status).end('what Tsuru says');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    mkdirSync(join(home, '.tsuru'));
    writeFileSync(join(home, '.tsuru/target'), `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    writeFileSync(join(home, '.tsuru/token'), 'token-of-the-session');
    // What a shell finds is one that only takes what comes.
    mkdirSync(join(home, 'bin'));
    writeFileSync(join(home, 'bin/tsuru'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  });
  afterEach(async () => {
    server.close();
    await once(server, 'close');
    rmSync(home, { recursive: true, force: true });
  });

  /** Runs a script in the project that those answers make. */
  async function run(script: string, more: Partial<Answers> = {}): Promise<{ code: number; stdout: string }> {
    const answers = answersWith(more);
    const { secrets } = await renderWithSecrets(answers, 'a-password_of-the-test', templates);
    for (const [path, { content }] of [...(await render(answers, templates)), ...secrets]) {
      if (!path.includes('/')) writeFileSync(join(home, path), content);
    }
    const env = { HOME: home, PATH: `${join(home, 'bin')}:${String(process.env['PATH'])}` };
    return new Promise((resolve) => {
      execFile('sh', ['-c', script], { cwd: home, env }, (error, stdout) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout });
      });
    });
  }

  it('reaches an endpoint with the login of the client, and ends with a failure that shows what Tsuru says', async () => {
    const [request = ''] = /^curl .*$/m.exec(await text('docs/service.md')) ?? [];
    expect((await run(request)).code).toBe(0);
    expect(taken).toMatchObject([{ path: '/services/my-service/resources/my-instance/...', authorization: 'bearer token-of-the-session' }]);
    status = 403;
    expect(await run(request)).toEqual({ code: 22, stdout: 'what Tsuru says' });
  });
});

const EVERY = FRAMEWORKS.flatMap((framework) =>
  [true, false].map((isOn): Partial<Answers> => ({
    framework,
    multiCluster: isOn,
    encoding: isOn ? 'json' : 'form',
    provisioning: isOn ? 'background' : 'inline',
  })),
);

describe('the documents', () => {
  it.each(EVERY)('name no command, file or flag that is not there: %j', async (more) => {
    for (const [path, content] of await files(more)) {
      if (path.startsWith('test/')) continue;
      for (const wrong of ['manifest set', 'instance status', 'permissions.yaml', '--param ', 'env get -p']) {
        expect({ path, wrong: content.includes(wrong) ? wrong : undefined }).toEqual({ path, wrong: undefined });
      }
    }
  });

  it('say to teams what the service is, with no comment that Tsuru would show', async () => {
    const document = await text('docs/service.md', { multiCluster: true });
    expect(document).not.toContain('<!--');
    expect(document).toMatch(/^# my-service\n\n\w/);
    expect(document).toContain('instance add my-service my-instance small --team my-team --pool my-pool\n');
    expect(document).toMatch(/instance unbind my-service my-instance --job my-job\ntsuru service instance remove/);
  });

  it('say nothing of pools when the service is not multi-cluster', async () => {
    expect(await text('docs/service.md')).not.toContain('--pool');
  });

  it('have the table of what strict_actions and legacy_compat do, and what they are here', async () => {
    const readme = await text('README.md', { strictActions: true, legacyCompat: false });
    const rows = [...readme.matchAll(/^\| `(true|false)` \| `(true|false)` \| (\w+) \| (\w+) \| (\w+) \|$/gm)];
    expect(rows.map(([, ...cells]) => cells.join(' '))).toEqual([
      'false false refused passes refused',
      'false true passes passes refused',
      'true false refused refused refused',
      'true true passes refused refused',
    ]);
    expect(readme).toContain('Here they are `true` and `false`.');
  });

  it('set BASE_PATH in the app when the endpoint has a path, as the image has no .env', async () => {
    const endpoint = 'https://db.example.com/base';
    expect(await text('README.md', { endpoint })).toContain('\ntsuru env set --app my-service-api "BASE_PATH=$BASE_PATH"\n');
    expect(await text('README.md')).not.toContain('"BASE_PATH=');
  });

  it('have no empty table when there are no endpoints', async () => {
    expect(await text('README.md')).toContain('\n## Endpoints\n\n| method | path |');
    expect(await text('README.md', { endpoints: [] })).toMatch(/\n## Endpoints\n\nThere are none\. `.*endpoint add NAME`.*\n$/);
  });
});

describe.each(PACKAGE_MANAGERS)('a project with %s', (packageManager) => {
  it('has every script that its README, its Dockerfile and its CI run', async () => {
    const made = await files({ packageManager });
    const { scripts } = JSON.parse(made.get('package.json') ?? '') as { scripts: Record<string, string> };
    const { run } = wordsOf(packageManager);
    const documents = ['README.md', 'Dockerfile', '.github/workflows/ci.yaml', '.gitlab-ci.yml', 'ci/update.sh'].map((path) => made.get(path)).join('\n');
    const named = [...documents.matchAll(new RegExp(`\\b${run} ([\\w:]+)`, 'g'))].map(([, script]) => script);
    expect(named).toEqual(expect.arrayContaining(['dev', 'build', 'types', 'lint', 'conformance', 'publish:tsuru']));
    expect(named.filter((script) => script === undefined || !(script in scripts))).toEqual([]);
    expect(Object.keys(scripts)).not.toContain('check');
  });
});

describe('the image', () => {
  it('is built of files that are there and that .dockerignore lets through', async () => {
    const made = await files({});
    const copied = [...(made.get('Dockerfile') ?? '').matchAll(/^COPY (?!--from)(.+) \S+$/gm)]
      .flatMap(([, paths]) => paths?.split(' ') ?? [])
      .filter((path) => !path.includes('*'));
    expect(copied).toEqual(expect.arrayContaining(['package.json', 'src']));
    const ignored = (made.get('.dockerignore') ?? '').split('\n');
    for (const path of copied) {
      expect([...made.keys()].filter((file) => file === path || file.startsWith(`${path}/`))).not.toEqual([]);
      expect(ignored).not.toContain(path);
    }
  });

  it('has tsuru.yaml in its working directory, with the health check that the README names', async () => {
    const made = await files({});
    const last = (made.get('Dockerfile') ?? '').split(/^FROM /m).at(-1);
    expect(last).toMatch(/^WORKDIR \/app$[^]*^COPY .*\btsuru\.yaml\b.* \.\/$/m);
    const { healthcheck } = parse(made.get('tsuru.yaml') ?? '') as { healthcheck: { path: string } };
    expect(made.get('README.md')).toContain(`\`GET ${healthcheck.path}\``);
  });
});

describe('what git ignores', () => {
  it('is all that a run leaves in .tsuru-service', async () => {
    const lines = (await text('.gitignore')).split('\n').filter((line) => line.startsWith('.tsuru-service'));
    const own = ['backup/', 'stage/', 'journal.json', 'running-*', 'set-up.json*'];
    expect(lines).toEqual(own.map((name) => `.tsuru-service/${name}`));
  });
});
