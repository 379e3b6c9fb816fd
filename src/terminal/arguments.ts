import { parseArgs } from 'node:util';

import { commandMeant, type Command } from './commands.ts';
import {
  choiceOf,
  didYouMean,
  flagsOf,
  parseValue,
  usage,
  usageOf,
  type Option,
  type OptionTable,
  type Values,
} from './options.ts';

/** The parsed arguments of a command. */
export interface Arguments<Options> {
  values: Values<Options>;
  /** The positional argument. */
  argument: string | undefined;
}

/**
 * Reads the arguments of a command. A stray `--`, which some package managers pass on, is ignored.
 * @param argv without the name of the command
 * @throws ExpectedError for wrong usage: an unknown option, a missing or invalid value, an argument too many
 */
export function readArguments<Options extends OptionTable>(
  argv: readonly string[],
  command: Command<Options>,
): Arguments<Options> {
  const { tokens, positionals } = tokensOf(argv, command.options);
  const given = new Map<Option, (string | boolean)[]>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { rawName, value } = token;
    const isNegative = rawName.startsWith('--no-');
    const name = isNegative ? rawName.slice('--no-'.length) : token.name;
    const option = Object.values(command.options).find(({ flag }) => flag === name);
    if (option === undefined || (isNegative && option.kind !== 'off' && option.kind !== 'either')) {
      throw unknownOption(rawName, command);
    }
    if (option.kind !== 'value') {
      if (value !== undefined) throw valueOfSwitch(rawName, option);
    } else if (value === undefined || (!token.inlineValue && value.startsWith('--'))) {
      const { choices, help } = option;
      throw usage(
        `${rawName} needs a value.`,
        choices === undefined ? `${usageOf(option)}: ${help}.` : `Valid values: ${choices.join(', ')}.`,
      );
    }
    given.set(option, [...(given.get(option) ?? []), option.kind === 'value' ? String(value) : !isNegative]);
  }
  const values = Object.entries(command.options).flatMap(([key, option]) => {
    const value = valueOf(option, given.get(option));
    return value === undefined ? [] : [[key, value] as const];
  });
  return {
    values: Object.fromEntries(values) as Values<Options>,
    argument: onlyArgument(positionals, command),
  };
}

/** Whether a switch is given, as a switch: not as the value of an option. */
export function isGiven(argv: readonly string[], options: OptionTable, flag: string): boolean {
  return tokensOf(argv, options).tokens.some((token) => token.kind === 'option' && token.name === flag);
}

function tokensOf(argv: readonly string[], options: OptionTable) {
  return parseArgs({
    args: argv.filter((argument) => argument !== '--'),
    strict: false,
    tokens: true,
    allowPositionals: true,
    allowNegative: true,
    options: Object.fromEntries(
      Object.values(options).map(({ kind, flag, short }) => [
        flag,
        { type: kind === 'value' ? ('string' as const) : ('boolean' as const), ...(short && { short }) },
      ]),
    ),
  });
}

/** @returns undefined for an option that is not given and has no preset */
function valueOf(option: Option, given: readonly (string | boolean)[] | undefined): unknown {
  if (option.kind === 'value') {
    const texts = given?.map(String) ?? option.preset;
    return texts && parseValue(option, `--${option.flag}`, texts);
  }
  return given?.at(-1) ?? (option.kind === 'either' ? undefined : option.kind === 'off');
}

function onlyArgument(positionals: readonly string[], { name, argument }: Command): string | undefined {
  const [first, ...others] = argument === undefined ? [undefined, ...positionals] : positionals;
  if (others.length > 0) {
    const meant = name === '' && first !== undefined && !/[/\\]/.test(first) ? commandMeant(first) : undefined;
    if (meant !== undefined) throw usage(`Unknown command "${String(first)}".`, `Did you mean create-tsuru-service ${meant}?`);
    const allowed = argument === undefined ? `${name} takes only options` : `only one ${argument.noun} can be given`;
    throw usage(`Unexpected argument "${others.join('", "')}": ${allowed}.`);
  }
  if (first === '') throw usage(`The ${argument?.noun ?? 'argument'} is empty.`);
  return first === undefined || argument?.choices === undefined
    ? first
    : choiceOf(`the ${argument.noun}`, first, argument.choices);
}

function unknownOption(rawName: string, { name, options }: Command): Error {
  const flags = Object.values(options).flatMap((option) =>
    option.kind === 'off' ? [`--${option.flag}`, ...flagsOf(option)] : flagsOf(option),
  );
  return usage(
    `Unknown option ${rawName}${name === '' ? '' : ` of ${name}`}.`,
    beginning(rawName, flags) ?? didYouMean(rawName, flags) ?? `Options: ${Object.values(options).flatMap(flagsOf).join(', ')}.`,
  );
}

/** A hint for a word that is the start of exactly one candidate. */
function beginning(typed: string, words: readonly string[]): string | undefined {
  const [word, ...others] = words.filter((one) => typed.length > '--'.length && one.startsWith(typed));
  return word === undefined || others.length > 0 ? undefined : `Did you mean ${word}?`;
}

function valueOfSwitch(rawName: string, { kind, flag }: Option): Error {
  return usage(`${rawName} takes no value${kind === 'on' ? '' : `; use --no-${flag} to turn it off`}.`);
}
