import { parseArgs } from 'node:util';

import { EXIT, ExpectedError } from './errors.ts';
import { nearest } from './names.ts';

/** A flag as the reader of arguments needs it. */
export interface Flag {
  /** Without the dashes. */
  flag: string;
  short?: string;
  kind: 'boolean' | 'text';
  /** Whether `--no-` turns it around. */
  negatable: boolean;
  /** What its value is, shown when it is missing. */
  valueHelp: string;
}

/** An option of a command: the one source of its flag, its help and the README's table. */
export interface Option {
  /** Without the dashes. */
  flag: string;
  short?: string;
  /** What its value is called; a switch has none. */
  placeholder?: string;
  repeatable?: true;
  /** A switch that is on, and turned off by `--no-`. */
  negatable?: true;
  help: string;
  default?: string;
}

/** One option as `--help` and the documents show it. */
export interface OptionHelp {
  usage: string;
  help: string;
  default: string;
}

/** Options as the help and the README show them. */
export function optionHelp(options: readonly Option[]): OptionHelp[] {
  return options.map(({ flag, short, placeholder, repeatable, negatable, help, default: value = '' }) => ({
    usage: [
      `${short === undefined ? '' : `-${short}, `}--${negatable ? 'no-' : ''}${flag}`,
      ...(placeholder === undefined ? [] : [placeholder]),
      ...(repeatable ? ['...'] : []),
    ].join(' '),
    help,
    default: value,
  }));
}

/** Options as the reader of arguments takes them. */
export function flagsOf(options: readonly Option[]): Flag[] {
  return options.map(({ flag, short, placeholder, negatable, help }) => ({
    flag,
    kind: placeholder === undefined ? 'boolean' : 'text',
    negatable: negatable ?? false,
    valueHelp: `It is for this: ${help}.`,
    ...(short !== undefined && { short }),
  }));
}

/** What was typed: each flag with its values in their order, and the rest. */
export interface Typed {
  values: Map<string, (string | boolean)[]>;
  positionals: string[];
}

/**
 * Reads arguments. A stray `--`, which some package managers hand on, is left out.
 * @throws ExpectedError with the exit code for wrong usage: an unknown flag, or a missing value
 */
export function readFlags(argv: readonly string[], flags: readonly Flag[]): Typed {
  const { tokens, positionals } = parseArgs({
    args: argv.filter((argument) => argument !== '--'),
    strict: false,
    tokens: true,
    allowPositionals: true,
    allowNegative: true,
    options: Object.fromEntries(
      flags.map(({ flag, short, kind }) => [
        flag,
        { type: kind === 'boolean' ? ('boolean' as const) : ('string' as const), ...(short && { short }) },
      ]),
    ),
  });
  const values = new Map<string, (string | boolean)[]>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { rawName, value } = token;
    const isNegative = rawName.startsWith('--no-');
    const name = isNegative ? rawName.slice('--no-'.length) : token.name;
    const found = flags.find(({ flag }) => flag === name);
    if (found === undefined || (isNegative && !found.negatable)) throw unknownFlag(rawName, flags);
    if (found.kind === 'text' && (value === undefined || (!token.inlineValue && value.startsWith('--')))) {
      throw usage(`${rawName} needs a value.`, found.valueHelp);
    }
    if (found.kind === 'boolean' && value !== undefined) {
      throw usage(`${rawName} takes no value${found.negatable ? `; its opposite is --no-${name}` : ''}.`);
    }
    values.set(name, [...(values.get(name) ?? []), found.kind === 'boolean' ? !isNegative : String(value)]);
  }
  return { values, positionals };
}

/** An error of wrong usage. */
export function usage(message: string, hint = 'Run it with --help to see what it takes.'): ExpectedError {
  return new ExpectedError(EXIT.usage, message, hint);
}

/** A hint for a word that is nearly one of those. */
export function didYouMean(typed: string, words: readonly string[]): string | undefined {
  const word = nearest(typed, words);
  return word === undefined ? undefined : `Did you mean ${word}?`;
}

/** The last value of a flag of a text. */
export function lastOf({ values }: Typed, flag: string): string | undefined {
  return values.get(flag)?.map(String).at(-1);
}

/** The one thing that may be given without a flag. @throws ExpectedError for wrong usage when there are more */
export function onlyOne(positionals: readonly string[], what: string): string | undefined {
  const [one, ...others] = positionals;
  if (others.length === 0) return one;
  throw usage(`Only one ${what}, and "${others.join('", "')}" came after "${String(one)}".`);
}

/** A value that has to be one of a few. @throws ExpectedError for wrong usage that lists them */
export function oneOf<Value extends string>(flag: string, given: string, values: readonly Value[]): Value {
  const found = values.find((value) => value === given);
  if (found !== undefined) return found;
  throw usage(`--${flag} cannot be "${given}".`, didYouMean(given, values) ?? `It can be: ${values.join(', ')}.`);
}

function unknownFlag(rawName: string, flags: readonly Flag[]): ExpectedError {
  const names = flags.map(({ flag }) => `--${flag}`);
  const negatives = flags.filter(({ negatable }) => negatable).map(({ flag }) => `--no-${flag}`);
  return usage(
    `There is no flag ${rawName}.`,
    didYouMean(rawName, [...names, ...negatives]) ?? `The flags are: ${names.join(', ')}.`,
  );
}
