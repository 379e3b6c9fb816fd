import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { CHECKS } from '../../src/check/checks/index.ts';
import { labelOf, type CheckRun } from '../../src/check/result.ts';
import { QUIET, runChecks } from '../../src/check/run.ts';
import { basicAuth } from '../../src/tsuru/access.ts';
import { needsTool } from '../support/needs.ts';
import { startProgram } from '../support/started.ts';
import { checkedAt, PASSWORD, USERNAME } from './broken/reference.ts';

const CREDENTIALS = { SERVICE_USERNAME: USERNAME, SERVICE_PASSWORD: PASSWORD };
const hasPython = spawnSync('python3', ['--version']).status === 0;

const inBoth = (id: string) => [labelOf(id, 'form'), labelOf(id, 'json')];

/** The musts that each round leaves: the broken ones, whose advice the next round follows, and those that wait for them. */
const ROUNDS = [
  {
    file: 'guide-0.py',
    failed: [...['create.other-team', 'bind-app.missing', 'bind-job.success'].flatMap(inBoth), 'auth.missing'],
    blocked: [
      ...['bind-job.repeat', 'bind-job.apart-from-app', 'unbind-job.success', 'unbind-job.twice'].flatMap(inBoth),
      ...inBoth('destroy.with-job'),
      'auth.wrong-password',
    ],
    storesInstances: false,
  },
  {
    file: 'guide-1.py',
    failed: ['bind-job.missing', 'unbind-job.success'].flatMap(inBoth),
    blocked: ['bind-job.apart-from-app', 'unbind-job.twice'].flatMap(inBoth),
    storesInstances: true,
  },
  { file: 'guide-2.py', failed: [], blocked: [], storesInstances: true },
];

/** Runs all checks in both encodings. @returns the run, and the names of the instances that can be bound after it */
async function check(file: string): Promise<{ run: CheckRun; kept: string[] }> {
  const path = fileURLToPath(new URL(`services/${file}`, import.meta.url));
  const started = await startProgram('python3', [path], CREDENTIALS);
  const service = checkedAt(new URL(started.url), { timeout: 10_000 });
  try {
    const run = await runChecks(service, CHECKS, { signal: new AbortController().signal }, QUIET);
    const creates = run.results.flatMap(({ sent }) => sent).filter(({ call }) => call.action === 'Create');
    const kept: string[] = [];
    for (const name of new Set(creates.map(({ call }) => call.instance))) {
      const headers = { Authorization: basicAuth(`${service.username}:${service.password}`) };
      const { status } = await fetch(new URL(`/resources/${name}/bind-app`, started.url), { method: 'POST', headers });
      if (status !== 404) kept.push(name);
    }
    expect(creates.length).toBeGreaterThan(0);
    return { run, kept };
  } finally {
    await started.stop();
  }
}

const mustsOf = (run: CheckRun, outcome: string) =>
  run.results
    .filter((result) => result.check.level === 'must' && result.outcome === outcome)
    .map((result) => labelOf(result.check.id, result.encoding));

describe("the checks of the old guide's service", () => {
  for (const [round, { file, failed, blocked, storesInstances }] of ROUNDS.entries()) {
    const left = failed.length === 0 ? 'nothing' : `${failed.length} failures`;
    it(`leave ${left} among the musts after round ${round} of their own advice`, async (context) => {
      needsTool(context, 'python3', hasPython);
      const { run, kept } = await check(file);
      expect(mustsOf(run, 'failed')).toEqual(failed);
      expect(mustsOf(run, 'blocked')).toEqual(blocked);
      expect([run.ending, run.left]).toEqual(['complete', []]);
      // The stubs of the guide can bind any name.
      if (storesInstances) expect(kept).toEqual([]);
    });
  }
});
