import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import type { Answers } from '../../src/answers/answers.ts';
import { newPassword } from '../../src/project/new.ts';
import { render, renderWithSecrets } from '../../src/render/render.ts';
import { answersWith, templates } from '../support/answers.ts';

type Variables = Record<string, string>;

const directory = mkdtempSync(join(tmpdir(), 'env-file-'));
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** The line of the README that sets the variables of `.env` in a shell. */
const readme = (await render(answersWith(), templates)).get('README.md')?.content.toString() ?? '';
const [READ_IN_SHELL = ''] = /^eval .*\.env.*$/m.exec(readme) ?? [];

const PRINT = 'process.stdout.write(JSON.stringify(process.env))';
const bare = { PATH: process.env['PATH'] };

function outputOf(command: string, args: readonly string[]): Variables {
  return JSON.parse(execFileSync(command, args, { env: bare, encoding: 'utf8' })) as Variables;
}

/** As `docker run --env-file` reads it: a comment has a line of its own, and all behind the first `=` is the value. */
function readByDocker(text: string): Variables {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => {
      const mark = line.indexOf('=');
      return [line.slice(0, mark), line.slice(mark + 1)] as const;
    }),
  );
}

/** What each reader of a `.env` makes of it, of the variables that it has by docker's reading. */
function readings(text: string): Record<'docker' | 'node' | 'loadEnvFile' | 'sh', Variables> {
  const file = join(directory, '.env');
  writeFileSync(file, text);
  const docker = readByDocker(text);
  const only = (all: Variables) => Object.fromEntries(Object.keys(docker).map((key) => [key, String(all[key])]));
  return {
    docker,
    node: only(outputOf(process.execPath, [`--env-file=${file}`, '-e', PRINT])),
    loadEnvFile: only(outputOf(process.execPath, ['-e', `process.loadEnvFile(${JSON.stringify(file)}); ${PRINT}`])),
    sh: only(outputOf('sh', ['-c', `cd "$1"; ${READ_IN_SHELL}; exec "$2" -e "$3"`, 'sh', directory, process.execPath, PRINT])),
  };
}

const CASES: [string, Partial<Answers>][] = [
  ['the defaults', {}],
  ['the longest name', { name: `a${'-9'.repeat(19)}` }],
  ['a base path with every sign that one may have', { endpoint: 'https://example.com/~a/b.c_d-e~' }],
  ['a port of its own', { endpoint: 'http://127.0.0.1:65535/base' }],
  ['a PostgreSQL server', { backend: 'postgres' }],
];

describe('.env', () => {
  it.each(CASES)('is read alike by Node, a shell and docker, with %s', async (_case, more) => {
    for (let made = 0; made < 3; made++) {
      const password = newPassword();
      const { secrets } = await renderWithSecrets(answersWith(more), password, templates);
      const seen = readings(secrets.get('.env')?.content.toString() ?? '');
      expect(seen.docker).toMatchObject({ SERVICE_PASSWORD: password, SERVICE_USERNAME: more.name ?? 'my-service' });
      expect({ ...seen, node: seen.docker, loadEnvFile: seen.docker, sh: seen.docker }).toEqual(seen);
      const manifest = parse(secrets.get('manifest.yaml')?.content.toString() ?? '') as Variables;
      expect([manifest['username'], manifest['password']]).toEqual([
        seen.docker['SERVICE_USERNAME'],
        seen.docker['SERVICE_PASSWORD'],
      ]);
    }
  });

  it('is read alike with every sign that .env.example allows, wherever it stands', async () => {
    const example = (await render(answersWith(), templates)).get('.env.example')?.content.toString() ?? '';
    const signs = /^# digits and (.+) only,/m.exec(example)?.[1]?.split(' ') ?? [];
    expect(signs.length).toBeGreaterThan(5);
    const values = signs.flatMap((sign) => [`a${sign}b`, `${sign}a`, `a${sign}`]);
    const seen = readings([...values, signs.join('')].map((value, index) => `V${index}=${value}\n`).join(''));
    expect({ node: seen.node, loadEnvFile: seen.loadEnvFile, sh: seen.sh }).toEqual({
      node: seen.docker,
      loadEnvFile: seen.docker,
      sh: seen.docker,
    });
    const quoted = readings(`V="it's $HOME & more"\n`);
    expect(quoted.sh).toEqual(quoted.node);
  });

  it.each(['blank', 'postgres'] as const)('is read alike as .env.example has it, for the backend and store %s', async (backend) => {
    const answers = answersWith({ backend, store: backend === 'blank' ? 'sqlite' : backend });
    const example = (await render(answers, templates)).get('.env.example')?.content.toString() ?? '';
    const seen = readings(example);
    expect(Object.keys(seen.docker)).toContain('SERVICE_PASSWORD');
    expect([seen.node, seen.loadEnvFile, seen.sh]).toEqual([seen.docker, seen.docker, seen.docker]);
  });
});
