import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeEach, describe, expect, it } from 'vitest';

import type { RunFacts } from '../../src/check/report/facts.ts';
import type { Reference } from './broken/reference.ts';
import { runCheck } from './support/command.ts';
import { serveEachTest } from './support/served.ts';

const served = serveEachTest();
beforeEach(() => {
  // A broken must, for which the unbinds wait.
  served.service.variables = () => ({ PORT: 5432 });
});

const baseline = (text: string): string => {
  const file = join(served.cwd, 'baseline.yaml');
  writeFileSync(file, text);
  return file;
};
const checkWith = (text: string, ...args: string[]) =>
  runCheck([served.running.url.href, '--baseline', baseline(text), '--only', 'bind-app.success,unbind-app.success', ...args]);

const BOTH = `- check: bind-app.success
  reason: the port becomes a text in March
- check: bind-app.repeat
  reason: not run here
`;

describe('a baseline', () => {
  it('accepts a failure and the checks that wait for it, and says why', async () => {
    const { code, stdout } = await checkWith(BOTH, '--encoding', 'both');
    expect(code).toBe(0);
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'Accepted: bind-app.success, and 2 checks that wait for it (the port becomes a text in March).',
    );
    expect(stdout).not.toMatch(/bind-app\.repeat|Fixed/);
  });

  it('accepts what waits for a check of the baseline that was not run', async () => {
    const run = await runCheck([served.running.url.href, '--baseline', baseline(BOTH), '--only', 'unbind-app.success']);
    expect([run.code, run.stdout.includes('Accepted: bind-app.success, and 1 check that waits for it')]).toEqual([0, true]);
  });

  it('accepts a failure in the named encoding only', async () => {
    const { code, stdout } = await checkWith(
      '[{"check": "bind-app.success (json)", "reason": "JSON is not used"}]',
      ...['--encoding', 'both', '--format', 'json'],
    );
    expect(code).toBe(1);
    const { checks } = JSON.parse(stdout) as RunFacts;
    expect(checks.map(({ id, encoding, outcome }) => [id, encoding, outcome])).toEqual([
      ['bind-app.success', 'form', 'failed'],
      ['bind-app.success', 'json', 'accepted'],
      ['unbind-app.success', 'form', 'blocked'],
      ['unbind-app.success', 'json', 'accepted'],
    ]);
    expect(checks[1]?.problem).toMatch(/^Accepted \(JSON is not used\): ./);
    expect(checks[3]?.problem).toMatch(/^Accepted with bind-app\.success \(json\) \(JSON is not used\): ./);
  });

  it('leaves new failures as they are', async () => {
    served.service.plans = () => ({ status: 200, body: 'none' });
    const { code, stdout } = await runCheck([served.running.url.href, '--baseline', baseline(BOTH), '--only', 'plans,bind-app.success']);
    expect(code).toBe(1);
    expect(stdout).toContain('plans.readable');
  });

  it('says which of its failures are fixed', async () => {
    delete (served.service as Partial<Reference>).variables;
    const { code, stdout, stderr } = await checkWith(BOTH, '--format', 'json', '--encoding', 'both');
    expect(code).toBe(0);
    expect(stderr).toBe('Fixed: bind-app.success. Remove it from the baseline.\n');
    expect((JSON.parse(stdout) as RunFacts).summary.passed).toBe(4);
    // In the other encoding, it may still fail.
    expect((await checkWith(BOTH, '--format', 'json')).stderr).toBe('');
  });

  it('makes accepted failures skipped tests in JUnit, with the reason', async () => {
    const { stdout } = await checkWith(BOTH, '--format', 'junit');
    expect(stdout).toContain('failures="0" errors="0" skipped="2"');
    expect(stdout).toMatch(/name="bind-app.success \(form\)".*<skipped message="Accepted \(the port becomes a text in March\)/);
  });

  it('does not accept an instance that is left behind', async () => {
    served.service.destroy = () => ({ status: 500 });
    expect((await checkWith(BOTH)).code).toBe(1);
  });

  it.each([
    ['- check: bind-app.succes\n  reason: x\n', /Unknown check "bind-app\.succes"\.\nDid you mean bind-app\.success\?/],
    ['- check: plans.readable (form)\n  reason: x\n', /Unknown check "plans\.readable \(form\)"\.\nDid you mean/],
    ['- check: bind-app.success\n', /"bind-app\.success" has no "reason"/],
    ['- check: bind-app.success\n  reason: x\n  until: May\n', /item 1 has the unknown field "until"/],
    ['- check: bind-app.success\n  reason: " "\n', /"bind-app\.success" has no "reason"/],
    ['- bind-app.success\n', /item 1 has no "check"/],
    ['check: bind-app.success\n', /is not a list/],
    ['- [\n', /cannot be read/],
  ])('%j is wrong usage', async (text, message) => {
    const { code, stdout, stderr } = await checkWith(text);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  it('that is missing is wrong usage', async () => {
    const { code, stderr } = await runCheck([served.running.url.href, '--baseline', 'none.yaml']);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^The baseline none\.yaml cannot be read[^]*Create it, empty at first, or leave out --baseline\./)]);
  });
});
