import { byGroup } from '../check.ts';
import { hasFailed, labelOf, type CheckRun } from '../result.ts';
import type { CheckedService } from '../session.ts';
import { factsOf, isFatal, type ResultFacts } from './facts.ts';
import { detailsOf } from './words.ts';

/** The run as JSON: see `RunFacts`. */
export function toJson(run: CheckRun, service: CheckedService): string {
  return `${JSON.stringify(factsOf(run, service), undefined, 2)}\n`;
}

/**
 * The run as JUnit XML, with a suite for each group. A broken `must` is a failure, and one that could not be tested an error;
 * other checks that did not pass are skipped, with a message.
 */
export function toJunit(run: CheckRun, service: CheckedService): string {
  const { checks } = factsOf(run, service);
  const count = (results: readonly ResultFacts[]) => {
    const fatal = results.filter(isFatal);
    const failures = fatal.filter(({ outcome }) => outcome === 'failed').length;
    const skipped = results.filter((result) => result.outcome !== 'passed' && !isFatal(result)).length;
    return `tests="${results.length}" failures="${failures}" errors="${fatal.length - failures}" skipped="${skipped}"`;
  };
  const suites = [...byGroup(checks)].map(([group, results]) =>
    [`  <testsuite name="${xml(group)}" ${count(results)}>`, ...results.map(testCase), '  </testsuite>'].join('\n'),
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="create-tsuru-service check" ${count(checks)} time="${seconds(run.milliseconds)}">`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n');
}

/** The run in the Test Anything Protocol, version 13. Checks that do not fail the run are marked TODO or SKIP. */
export function toTap(run: CheckRun, service: CheckedService): string {
  const { checks } = factsOf(run, service);
  const lines = checks.flatMap((facts, index) => {
    const label = `${index + 1} - ${labelOf(facts.id, facts.encoding)}`;
    if (facts.outcome === 'passed') return [`ok ${label}`];
    if (!hasFailed(facts) && !isFatal(facts)) return [`ok ${label} # SKIP ${oneLine(facts.problem)}`];
    return [
      `not ok ${label}${isFatal(facts) ? '' : ` # TODO ${facts.level}`}`,
      '  ---',
      ...detailsOf(facts).map(([title, text]) => `  ${title}: ${JSON.stringify(text)}`),
      '  ...',
    ];
  });
  return ['TAP version 13', `1..${checks.length}`, ...lines, ''].join('\n');
}

function testCase(facts: ResultFacts): string {
  const { id, encoding, group, level, outcome, waitsFor, milliseconds } = facts;
  const problem = waitsFor === null ? facts.problem : `waits for ${waitsFor}: ${facts.problem}`;
  const name = labelOf(id, encoding);
  const start = `    <testcase classname="${xml(group)}" name="${xml(name)}" time="${seconds(milliseconds)}"`;
  if (outcome === 'passed') return `${start}/>`;
  if (!isFatal(facts)) {
    const message = outcome === 'failed' ? `${level}: ${problem}` : problem;
    return `${start}><skipped message="${xml(message)}"/></testcase>`;
  }
  const kind = outcome === 'failed' ? 'failure' : 'error';
  const text = detailsOf(facts)
    .map(([title, detail]) => `${title}: ${detail}`)
    .join('\n');
  return `${start}><${kind} type="${level}" message="${xml(problem)}">${xml(text)}</${kind}></testcase>`;
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3);
}

/** Escapes a text for XML, and replaces the characters that XML does not allow. */
export function xml(text: string): string {
  const named: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"']/g, (sign) => named[sign] ?? sign);
}

function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').replaceAll('#', '');
}
