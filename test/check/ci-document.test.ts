import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { parseBaseline } from '../../src/check/baseline.ts';
import { readArguments } from '../../src/terminal/arguments.ts';
import { CHECK } from '../../src/terminal/commands.ts';
import { needsTool } from '../support/needs.ts';
import { Reference, serve } from './broken/reference.ts';
import { runCheck } from './support/command.ts';

const TEXT = readFileSync(join(import.meta.dirname, '../../docs/check-in-ci.md'), 'utf8');
const blocks = (kind: string) => [...TEXT.matchAll(new RegExp(`^\`\`\`${kind}\n([^]*?)^\`\`\`$`, 'gm'))].map(([, code = '']) => code);
const [workflow, template, project, baseline] = blocks('yaml').map((code) => parse(code) as unknown);

interface Workflow {
  jobs: { check: { env: Record<string, string>; steps: { run?: string }[] } };
}
interface Template {
  '.tsuru-contract': { script: string[]; artifacts: unknown };
}

/** The arguments of `check` in a command of a shell, without the redirection. */
const argumentsIn = (command: string): string[] =>
  execFileSync('bash', ['-c', `printf '%s\\n' ${command.replace(/^.* check /, '').replace(/ > .*/, '')}`], {
    encoding: 'utf8',
    env: { ...process.env, SERVICE_URL: 'http://localhost:8888' },
  })
    .trimEnd()
    .split('\n');

describe('docs/check-in-ci.md', () => {
  const inWorkflow = (workflow as Workflow).jobs.check.steps.flatMap(({ run }) => run ?? []);
  const inTemplate = (template as Template)['.tsuru-contract'].script;

  it('has a workflow and a template with the command that the text describes', () => {
    const commands = [...inWorkflow, ...inTemplate].filter((command) => command.includes(' check '));
    expect(commands).toHaveLength(2);
    for (const command of commands) {
      expect(command).toMatch(/ > check\.xml$/);
      expect(readArguments(argumentsIn(command), CHECK)).toMatchObject({
        argument: 'http://localhost:8888',
        values: { format: 'junit', report: 'check.html', badge: 'badge.json', baseline: 'baseline.yaml' },
      });
    }
  });

  it('keeps the files of a run that failed', () => {
    expect((workflow as Workflow).jobs.check.steps.at(-1)).toMatchObject({
      if: 'always()',
      with: { path: 'check.xml\ncheck.html\nbadge.json\n' },
    });
    expect((template as Template)['.tsuru-contract'].artifacts).toEqual({
      when: 'always',
      paths: ['check.html', 'badge.json'],
      reports: { junit: 'check.xml' },
    });
    expect(project).toMatchObject({ 'tsuru-contract': { extends: '.tsuru-contract' } });
  });

  it('has a baseline that is one', () => {
    expect(parseBaseline(baseline, 'It').map(({ check, encoding }) => [check.id, encoding])).toEqual([
      ['bind-job.success', undefined],
      ['create.repeat', 'json'],
    ]);
  });

  it('makes a baseline and a badge of the JSON', async (context) => {
    needsTool(context, 'jq', spawnSync('jq', ['--version']).status === 0);
    const service = new Reference();
    service.variables = () => ({ PORT: 5432 });
    const { url, close } = await serve(service);
    const { stdout } = await runCheck([url.href, '--only', 'bind-app.success,plans', '--encoding', 'both', '--format', 'json']);
    await close();
    const [makeBaseline, makeBadge] = [...TEXT.matchAll(/^jq '([^']+)' check\.json > /gm)].map(([, filter = '']) =>
      execFileSync('jq', [filter], { input: stdout, encoding: 'utf8' }),
    );
    expect(JSON.parse(makeBaseline ?? '')).toEqual([
      { check: 'bind-app.success (form)', reason: '' },
      { check: 'bind-app.success (json)', reason: '' },
    ]);
    expect(JSON.parse(makeBadge ?? '')).toEqual({ schemaVersion: 1, label: 'tsuru contract', message: '4 of 6', color: 'red' });
  });

  it('uses options that there are', () => {
    const commands = blocks('').flatMap((code) => code.split('\n')).filter((line) => line.startsWith('npx '));
    expect(commands).toHaveLength(4);
    for (const command of commands) expect(() => readArguments(argumentsIn(command), CHECK)).not.toThrow();
  });
});
