import { describe, expect, it } from 'vitest';

import { CHECKS } from '../../../src/check/checks/index.ts';
import { labelOf, runChecks, type CheckRun } from '../../../src/check/run.ts';
import { PASSWORD, Reference, serve, USERNAME } from '../broken/reference.ts';
import type { Trait } from './trait.ts';
import { TRAITS } from './traits.ts';

const SILENT = { onResult() {}, onProgress() {} };

/**
 * Runs all checks against a service with a trait.
 * @returns the run, and the function that names the instances in the service that the run does not
 */
async function check({ makes, timeout = 1500, parameters = {} }: Trait): Promise<{ run: CheckRun; unnamed: () => string[] }> {
  const service = new Reference();
  makes(service);
  const { url, close } = await serve(service);
  const checked = {
    address: url,
    id: USERNAME,
    username: USERNAME,
    password: PASSWORD,
    encodings: ['form', 'json'] as const,
    plan: undefined,
    parameters,
    timeout,
    multiCluster: true,
  };
  try {
    const run = await runChecks(checked, CHECKS, { signal: new AbortController().signal }, SILENT);
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

async function findOnlyTheTrait(_name: string, trait: Trait): Promise<void> {
  const { fails, blocks = [] } = trait;
  const { run, unnamed } = await check(trait);
  expect({
    ending: run.ending,
    fails: idsOf(run, 'failed', fails),
    blocks: idsOf(run, 'blocked', blocks),
  }).toEqual({ ending: 'complete', fails: [...fails].sort(), blocks: [...blocks].sort() });
  // A removal may still be running.
  await expect.poll(unnamed, { timeout: 10_000 }).toEqual([]);
}

/** The traits whose runs are slow or not, with their names as the titles of the tests. */
const traits = (areSlow: boolean) =>
  TRAITS.filter(({ isSlow = false }) => isSlow === areSlow).map((trait) => [trait.name, trait] as const);

describe('the checks say what is wrong with a service, and nothing else', () => {
  it.each(traits(false))('%s', findOnlyTheTrait);
});

// They wait most of the time.
describe.concurrent('the checks say what is wrong with a slow service, and nothing else', () => {
  it.each(traits(true))('%s', { timeout: 300_000 }, findOnlyTheTrait);
});

describe('the services', () => {
  it('have different names', () => {
    const names = TRAITS.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});
