import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { targetPath, type Templates } from '../../src/render/plop.ts';
import { render } from '../../src/render/render.ts';
import { answersWith } from '../support/answers.ts';

/** The traps that plop, Handlebars and npm lay, each with a template of its own. */
describe('rendering', () => {
  let templates: Templates;
  beforeEach(() => {
    templates = { directory: mkdtempSync(join(tmpdir(), 'templates-')), version: '1.2.3' };
    for (const layer of ['base', 'fastify', 'backend-blank', 'store-sqlite', 'endpoint', 'secret']) {
      mkdirSync(join(templates.directory, layer));
    }
  });
  afterEach(() => {
    rmSync(templates.directory, { recursive: true, force: true });
  });

  function template(path: string, content: string | Buffer): void {
    const file = join(templates.directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  async function rendered(more = {}): Promise<Record<string, string>> {
    const tree = await render(answersWith(more), templates);
    return Object.fromEntries([...tree].map(([path, { content }]) => [path, content.toString()]));
  }

  it('does not escape for HTML', async () => {
    template('base/a.txt.hbs', '{{#each plans}}{{description}}{{/each}}');
    expect(await rendered({ plans: [{ name: 'a', description: `<b> & "c" 'd' \`e\` =` }] })).toEqual({
      'a.txt': `<b> & "c" 'd' \`e\` =`,
    });
  });

  it('does not fill in what an answer looks like', async () => {
    template('base/a.txt.hbs', '{{team}}');
    expect(await rendered({ team: '{{name}} ${name} $& $1' })).toEqual({ 'a.txt': '{{name}} ${name} $& $1' });
  });

  it('keeps what a shell or a workflow writes with a dollar', async () => {
    template('base/a.txt.hbs', '${x} $\\{{ matrix.node }} {{name}}');
    expect(await rendered()).toEqual({ 'a.txt': '${x} ${{ matrix.node }} my-service' });
  });

  it.each([
    '{{nmae}}',
    '{{pm.instal}}',
    '{{#if nmae}}{{/if}}',
    '{{#each plans}}{{nmae}}{{/each}}',
    '{{nohelper name}}',
    '{{#each',
  ])('names the template that has a mistake: %s', async (mistake) => {
    template('base/deep/a.txt.hbs', mistake);
    await expect(rendered()).rejects.toThrow(/deep\/a\.txt\.hbs/);
  });

  it('takes files without the ending as they are, binary ones too', async () => {
    template('base/plain.txt', '{{name}}');
    template('base/image.png', Buffer.from([0, 255, 10, 13, 123, 123]));
    const tree = await render(answersWith(), templates);
    expect(tree.get('plain.txt')?.content.toString()).toBe('{{name}}');
    expect([...(tree.get('image.png')?.content ?? [])]).toEqual([0, 255, 10, 13, 123, 123]);
  });

  it('writes a dot for an underscore in front, of files and of folders', async () => {
    template('base/_gitignore', 'x');
    template('base/_github/_x/ci_y.yaml', 'x');
    template('base/a_b', 'x');
    expect(Object.keys(await rendered())).toEqual(['.github/.x/ci_y.yaml', '.gitignore', 'a_b']);
  });

  it('renders the endpoint layer once for each endpoint', async () => {
    template('endpoint/src/[name].ts.hbs', '{{service}} {{name}} {{handler}} {{route}}');
    const endpoint = { method: 'GET', action: 'x', description: '' } as const;
    const endpoints = [
      { name: 'take-backup', path: '/backups/{id}', ...endpoint },
      { name: 'usage', path: '/usage', ...endpoint },
    ];
    expect(await rendered({ endpoints })).toEqual({
      'src/take-backup.ts': 'my-service take-backup takeBackup /backups/:id',
      'src/usage.ts': 'my-service usage usage /usage',
    });
  });

  it('refuses two layers that write the same file', async () => {
    template('base/a.txt', '1');
    template('fastify/a.txt', '2');
    await expect(rendered()).rejects.toThrow(/two layers .* a\.txt/);
  });

  it.each(['../../evil', '..', '.', '', 'a\\b', 'a\0b'])('refuses an endpoint whose file would be %j', async (name) => {
    expect(() => targetPath('src/[name]', { name })).toThrow(/outside the project|would be written/);
    template('endpoint/src/[name]', 'x');
    const endpoints = [{ name, path: '/x', method: 'GET', action: 'x', description: '' }];
    await expect(rendered({ endpoints })).rejects.toThrow('outside the project');
  });
});
