import { wrap } from '../text.ts';
import { COMMANDS, CREATE, ENDPOINT, type Command } from './commands.ts';
import { optionHelp } from './options.ts';

/** The help of a command for a terminal of that many columns. */
export function helpFor(command: Command, columns: number): string {
  const { about, exitCodes } = command;
  const options = optionHelp(command.options);
  const usage = commandsUnder(command).map(usageOf);
  const left = Math.max(...options.map((option) => option.usage.length)) + 4;
  const lines = options.flatMap((option) => {
    const text = option.default === '' ? option.help : `${option.help} (default: ${option.default})`;
    if (columns < left + 30) return [`  ${option.usage}`, ...wrap(text, columns - 6).map((line) => `      ${line}`)];
    const [first = '', ...rest] = wrap(text, columns - left);
    return [`  ${option.usage.padEnd(left - 2)}${first}`, ...rest.map((line) => `${' '.repeat(left)}${line}`)];
  });
  return [
    ...usage.flatMap((line) => wrap(line, columns)),
    '',
    ...wrap(about, columns),
    '',
    'Options',
    ...lines,
    '',
    'Exit codes',
    ...exitCodes.flatMap((line) => wrap(line, columns - 2).map((part) => `  ${part}`)),
    '',
  ].join('\n');
}

/** What the usage of a command shows: itself, and what stands under its name. */
function commandsUnder(command: Command): readonly Command[] {
  if (command === CREATE) return COMMANDS.filter(({ name }) => name === '' || !name.startsWith(`${ENDPOINT.name} `));
  if (command === ENDPOINT) return COMMANDS.filter(({ name }) => name.startsWith(`${ENDPOINT.name} `));
  return [command];
}

function usageOf({ name, argument, options }: Command): string {
  return ['create-tsuru-service', name, argument, ...(options.length > 2 ? ['[options]'] : [])]
    .filter((word) => word !== '')
    .join(' ');
}
