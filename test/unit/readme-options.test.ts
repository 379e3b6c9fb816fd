import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { checkOptionTable } from '../../src/check/options.ts';
import type { OptionHelp } from '../../src/flags.ts';
import { projectOptionTable } from '../../src/project-options.ts';

const TABLES: [string, OptionHelp[]][] = [
  ['check', checkOptionTable()],
  ['regenerate', projectOptionTable('regenerate')],
  ['endpoint', projectOptionTable('endpoint')],
];

describe('the README', () => {
  it.each(TABLES)('has every option of %s', (_command, options) => {
    const readme = readFileSync('README.md', 'utf8');
    for (const { usage, help, default: value } of options) {
      expect(readme).toContain(`| \`${usage.replaceAll('|', '\\|')}\` | ${help}${value === '' ? '' : ` (${value})`} |`);
    }
  });
});
