import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { COMMANDS } from '../../src/terminal/commands.ts';
import { optionHelp } from '../../src/terminal/options.ts';

const README = readFileSync('README.md', 'utf8');
/** Whose tables are part of another one, or have only what every command has. */
const WITHOUT_TABLE = ['endpoint', 'endpoint remove', 'endpoint list'];

describe('the README', () => {
  it.each(COMMANDS.filter(({ name }) => !WITHOUT_TABLE.includes(name)))(
    'has every option of "$name", in its order and no other',
    ({ options }) => {
      const rows = optionHelp(options).map(
        ({ usage, help, default: value }) =>
          `| \`${usage.replaceAll('|', '\\|')}\` | ${help}${value === '' ? '' : ` (${value})`} |`,
      );
      expect(README).toContain(`| --- | --- |\n${rows.join('\n')}\n\n`);
    },
  );
});
