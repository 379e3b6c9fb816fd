import { expect, it } from 'vitest';

import { COMMANDS, ENDPOINT, type Command } from '../../src/terminal/commands.ts';

const FILE = new URL('../../docs/exit-codes.md', import.meta.url).pathname;

/** `endpoint` by itself only has help. */
const RUN = COMMANDS.filter((command) => command !== ENDPOINT);

const ABOUT = `# Exit codes

A code means the same in every command. \`create\` is the command without a name, \`create-tsuru-service [directory]\`.
`;

const nameOf = ({ name }: Command) => `\`${name === '' ? 'create' : name}\``;

/** The rows of an exit code: each of its texts, with the commands that have it. */
function rowsOf(code: number): string[] {
  const lines = new Set(RUN.flatMap(({ exitCodes }) => exitCodes.filter((line) => Number.parseInt(line) === code)));
  return [...lines].map((line) => {
    const commands = RUN.filter(({ exitCodes }) => exitCodes.includes(line)).map(nameOf);
    return `| ${line.replace(/^\d+ /, '')} | ${commands.join(', ')} |`;
  });
}

/** `npx vitest run --project unit test/terminal/exit-codes.test.ts --update` writes the file. */
it('documents every exit code of every command in docs/exit-codes.md', async () => {
  const codes = new Set(RUN.flatMap(({ exitCodes }) => exitCodes.map((line) => Number.parseInt(line))));
  const sections = [...codes]
    .sort((a, b) => a - b)
    .map((code) => [`## ${code}`, '', '| meaning | commands |', '| --- | --- |', ...rowsOf(code), ''].join('\n'));
  await expect([ABOUT, ...sections].join('\n')).toMatchFileSnapshot(FILE);
});
