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

/** One option as `--help` and the documents show it. */
export interface OptionHelp {
  usage: string;
  help: string;
  default: string;
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

function unknownFlag(rawName: string, flags: readonly Flag[]): ExpectedError {
  const names = flags.map(({ flag }) => `--${flag}`);
  const negatives = flags.filter(({ negatable }) => negatable).map(({ flag }) => `--no-${flag}`);
  return usage(
    `There is no flag ${rawName}.`,
    didYouMean(rawName, [...names, ...negatives]) ?? `The flags are: ${names.join(', ')}.`,
  );
}
