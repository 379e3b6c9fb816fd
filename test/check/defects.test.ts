import { describe, expect, it } from 'vitest';

import { CHECKS } from '../../src/check/checks/index.ts';
import { labelOf, type CheckRun } from '../../src/check/result.ts';
import { QUIET, runChecks } from '../../src/check/run.ts';
import { DEFECTS } from './broken/defects.ts';
import { checkedAt, Reference, serve } from './broken/reference.ts';

/** Runs all checks against a service. @returns the run, and the names of the instances left in the service */
async function check(service: Reference): Promise<{ run: CheckRun; left: string[] }> {
  const { url, close } = await serve(service);
  try {
    const run = await runChecks(checkedAt(url), CHECKS, { signal: new AbortController().signal }, QUIET);
    return { run, left: [...service.instances.keys()] };
  } finally {
    await close();
  }
}

const failuresOf = (run: CheckRun) => run.results.filter(({ outcome }) => outcome === 'failed');

describe('the checks', () => {
  it('find nothing wrong with a correct service, and leave nothing in it', async () => {
    const { run, left } = await check(new Reference());
    const others = run.results.filter(({ outcome }) => outcome !== 'passed');
    expect(others.map((result) => [labelOf(result.check.id, result.encoding), result.problem])).toEqual([
      ['status.text', 'the status has no text'],
    ]);
    expect(run.ending).toBe('complete');
    expect([left, run.left]).toEqual([[], []]);
  });

  it.each(DEFECTS)("find '$name' by $caughtBy", async ({ caughtBy, breaks }) => {
    const service = new Reference();
    breaks(service);
    const { run, left } = await check(service);
    expect(failuresOf(run).map((result) => result.check.id)).toContain(caughtBy);
    // The run names every instance that the service keeps.
    expect(left.filter((name) => !run.left.some((named) => named.name === name))).toEqual([]);
  });

  it('each find a defect of a broken service', () => {
    const caught = new Set(DEFECTS.map(({ caughtBy }) => caughtBy));
    const without = CHECKS.filter(({ id }) => !caught.has(id)).map(({ id }) => id);
    expect(without).toEqual([]);
  });
});
