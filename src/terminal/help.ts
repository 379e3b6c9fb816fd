import { wrap } from '../text.ts';
import { COMMANDS, CREATE, ENDPOINT, type Command } from './commands.ts';
import { optionHelp } from './options.ts';

/** The help of a command for a terminal with that many columns. */
export function helpFor(command: Command, columns: number): string {
  const { about, examples, exitCodes } = command;
  const indented = (text: string) => wrap(text, columns - 2).map((line) => `  ${line}`);
  return [
    ...commandsUnder(command).flatMap((one) => wrap(usageLine(one), columns)),
    '',
    ...wrap(about, columns),
    '',
    'Options',
    ...optionLines(command, columns),
    '',
    'Examples',
    ...examples.flatMap((line) => exampleLines(line, columns)),
    '',
    'Exit codes',
    ...exitCodes.flatMap(indented),
    '',
  ].join('\n');
}

function optionLines({ options }: Command, columns: number): string[] {
  const rows = optionHelp(options);
  const left = Math.max(...rows.map(({ usage }) => usage.length)) + 4;
  return rows.flatMap(({ usage, help, default: value }) => {
    const text = value === '' ? help : `${help} (default: ${value})`;
    if (columns < left + 30) return [`  ${usage}`, ...wrap(text, columns - 6).map((line) => `      ${line}`)];
    const [first = '', ...rest] = wrap(text, columns - left);
    return [`  ${usage.padEnd(left - 2)}${first}`, ...rest.map((line) => `${' '.repeat(left)}${line}`)];
  });
}

/** A command line, continued as a shell continues it. */
function exampleLines(example: string, columns: number): string[] {
  return wrap(example, columns - '      '.length - ' \\'.length)
    .map((line, index, { length }) => `${index === 0 ? '  ' : '      '}${line}${index < length - 1 ? ' \\' : ''}`);
}

/** The commands in the usage of a command: itself, and those under its name. */
function commandsUnder(command: Command): readonly Command[] {
  if (command === CREATE) return COMMANDS.filter(({ name }) => !name.startsWith(`${ENDPOINT.name} `));
  if (command === ENDPOINT) return COMMANDS.filter(({ name }) => name.startsWith(`${ENDPOINT.name} `));
  return [command];
}

function usageLine({ name, argument, options }: Command): string {
  const hasOwn = Object.keys(options).length > Object.keys(ENDPOINT.options).length;
  return ['create-tsuru-service', name, argument?.usage ?? '', ...(hasOwn ? ['[options]'] : [])]
    .filter((word) => word !== '')
    .join(' ');
}
