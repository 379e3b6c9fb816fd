import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { COMMANDS, type Command } from '../../src/terminal/commands.ts';
import { optionHelp } from '../../src/terminal/options.ts';

const [README, OPTIONS] = ['README.md', 'docs/options.md'].map((path) => join(import.meta.dirname, '../..', path)) as [string, string];
/** Commands whose options are a part of another table, or only those that every command has. */
const WITHOUT_TABLE = ['endpoint', 'endpoint remove', 'endpoint list', 'completion'];

const nameOf = ({ name }: Command) => (name === '' ? 'create' : name);

/** What stands between `<!-- options of endpoint add -->` and `<!-- end -->`. */
const TABLE = /(<!-- (options|exit codes) of (.+) -->\n)[^]*?(<!-- end -->)/g;

function row(...cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
}

function tableOf(what: string, command: Command): string {
  const rows =
    what === 'options'
      ? optionHelp(command.options).map(({ usage, help, default: value }) =>
          row(`\`${usage}\``, value === '' ? help : `${help} (${value})`),
        )
      : command.exitCodes.map((line) => row(...(/^(\d+) (.+)$/.exec(line)?.slice(1) ?? [])));
  return `${row(what === 'options' ? 'option' : 'exit code', '')}${row('---', '---')}${rows.join('')}`;
}

/** `npx vitest run test/terminal/readme-options.test.ts --update` writes the tables. */
describe('the README and the list of options', () => {
  it('have the tables that the commands have', async () => {
    const made = readFileSync(OPTIONS, 'utf8').replace(TABLE, (_, start: string, what: string, name: string, end: string) => {
      const command = COMMANDS.find((one) => nameOf(one) === name);
      if (command === undefined) throw new Error(`There is no command ${name}`);
      return start + tableOf(what, command) + end;
    });
    await expect(made).toMatchFileSnapshot(OPTIONS);
  });

  it('have a table of options for every command that has options of its own', () => {
    const tables = [...readFileSync(OPTIONS, 'utf8').matchAll(TABLE)].filter(([, , what]) => what === 'options').map(([, , , name]) => name);
    expect(tables).toEqual(COMMANDS.map(nameOf).filter((name) => !WITHOUT_TABLE.includes(name)));
  });

  it('name every command in the README', () => {
    const readme = readFileSync(README, 'utf8');
    for (const { name } of COMMANDS.slice(1)) expect(readme).toContain(name);
  });
});
