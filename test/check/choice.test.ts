import { describe, expect, it } from 'vitest';

import { CHECKS } from '../../src/check/checks/index.ts';
import { parametersIn } from '../../src/check/options.ts';
import { QUICK } from '../../src/check/quick.ts';
import type { RunFacts } from '../../src/check/report/facts.ts';
import { PASSWORD } from './broken/reference.ts';
import { runCheck } from './support/command.ts';
import { serveEachTest } from './support/served.ts';

const served = serveEachTest();

const ran = async (...args: string[]) => {
  const { stdout } = await runCheck([served.running.url.href, '--format', 'json', ...args]);
  return (JSON.parse(stdout) as RunFacts).checks.map(({ id, encoding }) => [id, encoding]);
};

describe('--quick', () => {
  it('names checks that there are, all of which are musts', () => {
    const levels = QUICK.map((id) => CHECKS.find((check) => check.id === id)?.level);
    expect(levels).toEqual(QUICK.map(() => 'must'));
  });

  it('runs only those, less the skipped ones', async () => {
    expect(new Set((await ran('--quick', '--skip', 'auth')).map(([id]) => id))).toEqual(
      new Set(QUICK.filter((id) => id !== 'auth.missing')),
    );
  });
});

describe('--replay', () => {
  it('shows every request of a check that passes, with the reply and what Tsuru makes of it', async () => {
    const { code, stdout } = await runCheck([served.running.url.href, '--replay', 'create.repeat']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/create\.repeat \(form\): passed\n/);
    expect(stdout).toMatch(/\n {2}1\. curl .*--request POST .*\/resources\n {2}→ 201\n {2}Tsuru treats it as a success\. \(\d+ ms\)\n/);
    expect(stdout).toMatch(/\n {2}2\. curl /);
    expect(stdout).not.toContain(PASSWORD);
  });

  it('shows the requests of a check that fails once', async () => {
    served.service.createAgain = () => ({ status: 500, body: '\x1b[31mbroken' });
    const { code, stdout } = await runCheck([served.running.url.href, '--replay', 'create.repeat', '--verbose']);
    expect(code).toBe(1);
    expect(stdout.match(/^ {2}\d+\. curl /gm)?.length).toBeGreaterThan(1);
    // The control sequence of the reply is left out; the to-do list has the request once more, --verbose does not.
    expect(stdout).toMatch(/→ 500 broken\n {2}Tsuru: Error/);
    expect(stdout.match(/→ 500 broken/g)).toHaveLength(2);
  });

  it('runs a check in the encoding of its label, or in those of the run', async () => {
    expect(await ran('--replay', 'create.repeat (json)')).toEqual([['create.repeat', 'json']]);
    expect(await ran('--replay', 'create.repeat', '--encoding', 'both')).toEqual([
      ['create.repeat', 'form'],
      ['create.repeat', 'json'],
    ]);
  });
});

describe('the choice of checks', () => {
  it.each([
    [['--quick', '--only', 'plans'], /--only and --quick exclude each other/],
    [['--quick', '--replay', 'plans.readable'], /--quick and --replay exclude each other/],
    [['--replay', 'plans.readable', '--skip', 'auth'], /--skip has no meaning/],
    [['--replay', 'create.repaet'], /Unknown check "create\.repaet"\.\nDid you mean create\.repeat\?/],
    [['--replay', 'create'], /Unknown check "create"/],
  ])('%j is wrong usage', async (args, message) => {
    const { code, stderr } = await runCheck([served.running.url.href, ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe('--parameter', () => {
  it('is for all checks unless its key begins with a check or a group and a colon', () => {
    const pairs = [['size', '1'], ['names:size', '2'], ['create.repeat:a:b', '3'], ['names:kind', '4'], ['ns:size', '5'], ['names:', '6']] as const;
    expect(parametersIn(pairs)).toEqual({
      parameters: { size: '1', 'ns:size': '5', 'names:': '6' },
      parametersBy: { names: { size: '2', kind: '4' }, 'create.repeat': { 'a:b': '3' } },
    });
  });

  it('is sent with the creates of its group only, the id before the group before all', async () => {
    const { stdout } = await runCheck([
      ...[served.running.url.href, '--format', 'json', '--only', 'create.success,create.no-user,destroy.success'],
      ...['--parameter', 'size=1', '--parameter', 'create:size=2', '--parameter', 'create.no-user:size=3'],
    ]);
    const sizes = (JSON.parse(stdout) as RunFacts).checks.map(({ id, exchanges }) => [
      id,
      exchanges.flatMap(({ curl }) => /parameters\.size=(\d)/.exec(curl)?.[1] ?? []),
    ]);
    expect(Object.fromEntries(sizes)).toEqual({ 'create.success': ['2', '2'], 'create.no-user': ['3'], 'destroy.success': ['1'] });
  });
});
