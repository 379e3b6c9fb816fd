import { describe, expect, it } from 'vitest';

import { COMMANDS } from '../../src/terminal/commands.ts';
import { helpFor } from '../../src/terminal/help.ts';
import { optionHelp } from '../../src/terminal/options.ts';

describe('the help', () => {
  it.each([20, 40, 80, 200])('fits a terminal of %i columns, as far as words can be broken', (columns) => {
    for (const command of COMMANDS) {
      const usages = optionHelp(command.options).map(({ usage }) => usage);
      const words = command.examples.flatMap((example) => example.split(' ').map((word) => `    ${word} \\`));
      const longest = Math.max(...[...usages, ...words].map(({ length }) => length)) + 2;
      for (const line of helpFor(command, columns).split('\n')) {
        expect(line.length).toBeLessThanOrEqual(Math.max(columns, longest));
      }
    }
  });
});
