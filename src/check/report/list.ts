import { wrap } from '../../text.ts';
import { byGroup, groupOf, type Check } from '../check.ts';

/** Every check on the lines of a terminal of that many columns. */
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

/** The document `docs/checks.md`. */
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
    '`create-tsuru-service check <url>` makes these calls to a service API, and judges each answer as Tsuru reads it.',
    `There are ${checks.length}: ${counts.join(', ')}.`,
    '',
    '- **must**: otherwise Tsuru breaks, or data is lost. One that does not hold makes the exit code 1.',
    '- **should**: otherwise users are misled.',
    '- **may**: a nicety.',
    '',
    "The last column is the part of Tsuru's contract that a rule comes from: what its server sends, and how it reads the answers",
    '(API 1.31).',
    '',
    '¹ tried in each encoding that is checked. ² for multi-cluster services.',
    '',
    ...sections,
  ].join('\n');
}
