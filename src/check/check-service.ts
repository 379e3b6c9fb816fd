import { acceptIn, type Accepted } from './baseline.ts';
import type { Check } from './check.ts';
import { preflight } from './preflight.ts';
import type { CheckRun } from './result.ts';
import { MAX_TIME, runChecks, type Limits, type Watcher } from './run.ts';
import type { CheckedService } from './session.ts';

/**
 * The preflight, the checks, and what a baseline accepts of their outcome.
 * @param start called between the preflight and the checks
 * @returns the run, and what is to be said about the baseline
 * @throws ExpectedError as {@link preflight}
 */
export async function checkService(
  service: CheckedService,
  checks: readonly Check[],
  { signal, hurry, maxTime = MAX_TIME }: Limits,
  baseline: readonly Accepted[],
  start: () => Watcher,
): Promise<{ run: CheckRun; notes: string[] }> {
  const began = performance.now();
  const left = await preflight(service, checks, signal, hurry);
  const remaining = Math.max(maxTime - (performance.now() - began), 0);
  const run = await runChecks(service, checks, { signal, ...(hurry && { hurry }), maxTime: remaining }, start());
  return acceptIn({ ...run, left: [...left, ...run.left] }, baseline);
}
