import type { Encoding } from '../tsuru/encoding.ts';
import { didYouMean, usage } from '../terminal/options.ts';
import type { Check } from './check.ts';
import { CHECKS } from './checks/index.ts';
import { labelOf } from './result.ts';

/** One check, in one encoding or in all that it runs in. */
export interface Named {
  check: Check;
  encoding: Encoding | undefined;
}

/** Every check by its labels: `create.repeat` for all encodings, and `create.repeat (json)` for one. */
const NAMED: ReadonlyMap<string, Named> = new Map(
  CHECKS.flatMap((check) =>
    ([undefined, ...(check.perEncoding ? (['form', 'json'] as const) : [])] as const).map(
      (encoding): [string, Named] => [labelOf(check.id, encoding), { check, encoding }],
    ),
  ),
);

/** The check that a label names. @throws ExpectedError for wrong usage */
export function checkNamed(label: string): Named {
  const named = NAMED.get(label);
  if (named !== undefined) return named;
  const hint = didYouMean(label, [...NAMED.keys()]) ?? 'Name one check; "check --list" prints every one.';
  throw usage(`Unknown check "${label}".`, hint);
}

/** Whether a result is of the check that was named. */
export function isOf({ check, encoding }: Named, result: Named): boolean {
  return check.id === result.check.id && (encoding === undefined || encoding === result.encoding);
}
