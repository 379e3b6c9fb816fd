import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { render } from '../../src/render/render.ts';
import { answersWith, templates } from '../support/answers.ts';

it('plop runs the generators by itself, and writes what the program renders', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'plop-'));
  try {
    const args = ['--dest', directory, 'service', '--', '--name', 'my-service', '--framework', 'hono'];
    execFileSync('node_modules/.bin/plop', args, { stdio: 'pipe' });
    const project = join(directory, 'my-service');
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const tree = await render(answersWith({ framework: 'hono' }), { ...templates, version });
    const paths = readdirSync(project, { recursive: true, encoding: 'utf8' });
    expect(paths.filter((path) => statSync(join(project, path)).isFile()).sort()).toEqual([...tree.keys()]);
    for (const [path, { content }] of tree) expect(readFileSync(join(project, path)).equals(content)).toBe(true);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
