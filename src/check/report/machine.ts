import { byGroup } from '../check.ts';
import { isFatal, labelOf, type Result, type Run } from '../run.ts';
import type { Target } from '../session.ts';
import { factsOf, resultFacts } from './facts.ts';
import { detailsOf } from './pretty.ts';

/** The run as JSON: see `RunFacts`. */
export function toJson(run: Run, target: Target): string {
  return `${JSON.stringify(factsOf(run, target), undefined, 2)}\n`;
}

/**
 * The run as JUnit's XML: a suite for each group. A broken `must` is a failure, one that could not be tried an error; what
 * does not fail the run is skipped, with its message.
 */
export function toJunit(run: Run, target: Target): string {
  const groups = byGroup(run.results, ({ check }) => check);
  const count = (results: readonly Result[]) => {
    const fatal = results.filter(isFatal);
    const failures = fatal.filter(({ outcome }) => outcome === 'failed').length;
    const skipped = results.filter((result) => result.outcome !== 'passed' && !isFatal(result)).length;
    return `tests="${results.length}" failures="${failures}" errors="${fatal.length - failures}" skipped="${skipped}"`;
  };
  const suites = [...groups].map(([group, results]) =>
    [
      `  <testsuite name="${xml(group)}" ${count(results)}>`,
      ...results.map((result) => testCase(result, target)),
      '  </testsuite>',
    ].join('\n'),
  );
  const seconds = (run.milliseconds / 1000).toFixed(3);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="create-tsuru-service check" ${count(run.results)} time="${seconds}">`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n');
}

/** The run in the Test Anything Protocol, version 13. What does not fail the run is marked as TODO or SKIP. */
export function toTap(run: Run, target: Target): string {
  const lines = run.results.flatMap((result, index) => {
    const { check, outcome, problem } = result;
    const isOk = outcome === 'passed' || outcome === 'skipped' || outcome === 'unfinished';
    const directive =
      outcome === 'skipped' || outcome === 'unfinished'
        ? ` # SKIP ${oneLine(problem)}`
        : !isOk && !isFatal(result)
          ? ` # TODO ${check.level}`
          : '';
    const line = `${isOk ? 'ok' : 'not ok'} ${index + 1} - ${labelOf(result)}${directive}`;
    if (isOk) return [line];
    const details = detailsOf(resultFacts(result, target));
    return [line, '  ---', ...details.map(([title, text]) => `  ${title}: ${JSON.stringify(text)}`), '  ...'];
  });
  return ['TAP version 13', `1..${run.results.length}`, ...lines, ''].join('\n');
}

function testCase(result: Result, target: Target): string {
  const facts = resultFacts(result, target);
  const start = `    <testcase classname="${xml(facts.group)}" name="${xml(labelOf(result))}" time="${(result.milliseconds / 1000).toFixed(3)}"`;
  if (result.outcome === 'passed') return `${start}/>`;
  if (!isFatal(result)) {
    const level = result.outcome === 'failed' ? `${facts.level}: ` : '';
    return `${start}><skipped message="${xml(level + facts.problem)}"/></testcase>`;
  }
  const kind = result.outcome === 'failed' ? 'failure' : 'error';
  const text = detailsOf(facts)
    .map(([title, detail]) => `${title}: ${detail}`)
    .join('\n');
  return `${start}><${kind} type="${facts.level}" message="${xml(facts.problem)}">${xml(text)}</${kind}></testcase>`;
}

/** Escaped for XML, without the characters that it cannot hold. */
export function xml(text: string): string {
  const named: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"']/g, (sign) => named[sign] ?? sign);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('#', '');
}
