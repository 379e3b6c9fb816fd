import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { CHECKS } from '../../src/check/checks/index.ts';
import { labelOf } from '../../src/check/result.ts';
import { QUIET, runChecks } from '../../src/check/run.ts';
import { needsTool } from '../support/needs.ts';
import { startProgram } from '../support/started.ts';
import { checkedAt, PASSWORD, USERNAME } from './broken/reference.ts';

const CREDENTIALS = { SERVICE_USERNAME: USERNAME, SERVICE_PASSWORD: PASSWORD };
const hasPython = spawnSync('python3', ['--version']).status === 0;

/** Correct services of different kinds; `may` lists the checks that each fails on purpose. */
const SERVICES = [
  {
    name: "python3's standard library, creating in the background",
    command: 'python3',
    file: 'correct.py',
    may: ['proxy.life-cycle'],
    // All other tests need only Node; CI has Python.
    isThere: hasPython,
  },
  {
    name: 'plain Node, strict, without plans and info',
    command: process.execPath,
    file: 'correct-strict.mjs',
    may: ['info.shown'],
    isThere: true,
  },
];

describe('the checks', () => {
  for (const { name, command, file, may, isThere } of SERVICES) {
    it(`find nothing wrong with a correct service: ${name}`, async (context) => {
      needsTool(context, command, isThere);
      const path = fileURLToPath(new URL(`services/${file}`, import.meta.url));
      const service = await startProgram(command, [path], CREDENTIALS);
      try {
        const run = await runChecks(
          checkedAt(new URL(service.url), { timeout: 10_000 }),
          CHECKS,
          { signal: new AbortController().signal },
          QUIET,
        );
        const bad = run.results.filter(({ outcome }) => outcome === 'failed' || outcome === 'blocked');
        expect(bad.map((result) => [labelOf(result.check.id, result.encoding), result.problem])).toEqual(
          may.map((id) => [id, expect.any(String) as string]),
        );
        expect([run.ending, run.left]).toEqual(['complete', []]);
      } finally {
        await service.stop();
      }
    });
  }
});
