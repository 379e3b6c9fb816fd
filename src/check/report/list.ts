import { wrap } from '../../text.ts';
import { byGroup, groupOf, type Check } from '../check.ts';

/** Every check, wrapped to a number of columns. */
export function listText(checks: readonly Check[], columns: number): string {
  return checks
    .map(({ id, level, rule, part, fix }) =>
      [
        `${id}  (${level}; ${part})`,
        ...wrap(rule, columns - 4).map((line) => `    ${line}`),
        ...wrap(`Fix: ${fix}`, columns - 4).map((line) => `    ${line}`),
        '',
      ].join('\n'),
    )
    .join('\n');
}

/** The text of `docs/checks.md`. */
export function listMarkdown(checks: readonly Check[]): string {
  const groups = byGroup(checks.map((check) => ({ ...check, group: groupOf(check) })));
  const cell = (text: string) => text.replace(/[|<>*_]/g, '\\$&');
  const counts = (['must', 'should', 'may'] as const).map(
    (level) => `${checks.filter((check) => check.level === level).length} ${level}`,
  );
  const sections = [...groups].map(([group, members]) =>
    [
      `## ${group}`,
      '',
      '| check | level | rule | how to fix it | contract |',
      '| --- | --- | --- | --- | --- |',
      ...members.map(
        ({ id, level, rule, fix, part, perEncoding, multiCluster }) =>
          `| \`${id}\`${perEncoding ? ' ¹' : ''}${multiCluster ? ' ²' : ''} | ${level} | ${cell(rule)} | ${cell(fix)} | ${part} |`,
      ),
      '',
    ].join('\n'),
  );
  return [
    '# The checks',
    '',
    '`create-tsuru-service check <url>` runs these checks against a service API: it sends the calls that Tsuru sends, and reads the',
    'replies as Tsuru reads them.',
    `There are ${checks.length}: ${counts.join(', ')}.`,
    '',
    '- **must**: otherwise Tsuru fails, or data is lost. If such a rule is broken, the exit code is 1.',
    '- **should**: otherwise users are misled.',
    '- **may**: a detail.',
    '',
    "The last column names the source of the rule in Tsuru's contract: what Tsuru's server sends, and how it reads the replies",
    '(API 1.31).',
    '',
    'A report lists first what is to be done: the checks that failed, those with one cause together, with the number',
    'of checks that could not be tested because of it. In JSON, these are the `causes`.',
    '',
    'JUnit and TAP show a failed check as `rule`, `problem`, `request`, `reply`, `Tsuru`, `fix` and `contract`, and one that could not',
    'be tested with the check that it `waits for`.',
    '',
    '¹ Runs in each encoding that is checked. ² For multi-cluster services only.',
    '',
    ...sections,
  ].join('\n');
}
