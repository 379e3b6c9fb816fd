import { expect, vi } from 'vitest';

import { CHECKS } from '../../../src/check/checks/index.ts';
import { labelOf, type CheckRun } from '../../../src/check/result.ts';
import { QUIET, runChecks } from '../../../src/check/run.ts';
import { checkedAt, Reference, serve } from '../broken/reference.ts';
import type { Trait } from './trait.ts';

/**
 * Runs all checks against a service with a trait.
 * @returns the run, and the function that names the instances in the service that the run does not
 */
async function check({ makes, timeout = 1500, parameters = {} }: Trait): Promise<{ run: CheckRun; unnamed: () => string[] }> {
  const service = new Reference();
  makes(service);
  const { url, close } = await serve(service);
  try {
    const run = await runChecks(checkedAt(url, { parameters, timeout }), CHECKS, { signal: new AbortController().signal }, QUIET);
    const named = new Set(run.left.map(({ name }) => name));
    return { run, unnamed: () => [...service.instances.values()].map(({ name }) => name).filter((name) => !named.has(name)) };
  } finally {
    await close();
  }
}

/** The ids of the checks with an outcome; those that are not expected come with their problems. */
function idsOf(run: CheckRun, outcome: 'failed' | 'blocked', expected: readonly string[]): string[] {
  const found = run.results.filter((result) => result.outcome === outcome);
  const said = found.map(({ check: { id }, encoding, problem }) =>
    expected.includes(id) ? id : `${labelOf(id, encoding)}: ${problem}`,
  );
  return [...new Set(said)].sort();
}

/** Requires that the checks find what is wrong with a service because of its trait, and nothing else. */
export async function findOnlyTheTrait(_name: string, trait: Trait): Promise<void> {
  const { fails, blocks = [] } = trait;
  const { run, unnamed } = await check(trait);
  expect({
    ending: run.ending,
    fails: idsOf(run, 'failed', fails),
    blocks: idsOf(run, 'blocked', blocks),
    left: run.left.map(({ name }) => name),
  }).toEqual({ ending: 'complete', fails: [...fails].sort(), blocks: [...blocks].sort(), left: [] });
  // A removal may still be running.
  await vi.waitFor(
    () => {
      expect(unnamed()).toEqual([]);
    },
    { timeout: 10_000 },
  );
}
