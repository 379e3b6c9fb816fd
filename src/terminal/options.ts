import { parseArgs } from 'node:util';

import { QUESTIONS, type DefaultsFrom, type Question } from '../answers/questions.ts';
import { EXIT, ExpectedError } from '../errors.ts';
import { nearest } from '../text.ts';

/** An option of a command: the one source of its flag, its help and the README's table. */
export interface Option {
  /** Without the dashes. */
  flag: string;
  short?: string;
  /** What its value is called; a switch has none. */
  placeholder?: string;
  repeatable?: true;
  /** A switch that `--no-` turns off: `on` is one that nothing else is said of, `either` is shown both ways. */
  negatable?: 'on' | 'either';
  help: string;
  default?: string;
  /** What is said when its value is missing; what it is for, if nothing is given. */
  valueHelp?: string;
}

/** What reads a command's arguments: its name, empty for the default command, and its options. */
export interface Takes {
  name: string;
  options: readonly Option[];
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
      `${short === undefined ? '' : `-${short}, `}--${NEGATION[negatable ?? 'never']}${flag}`,
      ...(placeholder === undefined ? [] : [placeholder]),
      ...(repeatable ? ['...'] : []),
    ].join(' '),
    help,
    default: value,
  }));
}

const NEGATION = { on: 'no-', either: '[no-]', never: '' };

/** What was typed: each flag with its values in their order, and the rest. */
export interface Typed {
  values: Map<string, (string | boolean)[]>;
  positionals: string[];
}

/**
 * Reads the arguments of a command. A stray `--`, which some package managers hand on, is left out.
 * @throws ExpectedError with the exit code for wrong usage: an unknown flag, or a missing value
 */
export function readFlags(argv: readonly string[], { name: command, options }: Takes): Typed {
  const { tokens, positionals } = tokensOf(argv, options);
  const values = new Map<string, (string | boolean)[]>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { rawName, value } = token;
    const isNegative = rawName.startsWith('--no-');
    const name = isNegative ? rawName.slice('--no-'.length) : token.name;
    const found = options.find(({ flag }) => flag === name);
    if (found === undefined || (isNegative && found.negatable === undefined)) {
      throw unknownFlag(rawName, command, options);
    }
    const isSwitch = found.placeholder === undefined;
    if (!isSwitch && (value === undefined || (!token.inlineValue && value.startsWith('--')))) {
      throw usage(`${rawName} needs a value.`, found.valueHelp ?? `It is for this: ${found.help}.`);
    }
    if (isSwitch && value !== undefined) {
      throw usage(`${rawName} takes no value${found.negatable ? `; its opposite is --no-${name}` : ''}.`);
    }
    values.set(name, [...(values.get(name) ?? []), isSwitch ? !isNegative : String(value)]);
  }
  return { values, positionals };
}

/** Whether one of those flags was given, as a flag: not as the value of another one. */
export function isGiven(argv: readonly string[], options: readonly Option[], flag: string): boolean {
  return tokensOf(argv, options).tokens.some((token) => token.kind === 'option' && token.name === flag);
}

function tokensOf(argv: readonly string[], options: readonly Option[]) {
  return parseArgs({
    args: argv.filter((argument) => argument !== '--'),
    strict: false,
    tokens: true,
    allowPositionals: true,
    allowNegative: true,
    options: Object.fromEntries(
      options.map(({ flag, short, placeholder }) => [
        flag,
        { type: placeholder === undefined ? ('boolean' as const) : ('string' as const), ...(short && { short }) },
      ]),
    ),
  });
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

/** @throws ExpectedError for wrong usage when anything was given without a flag */
export function refuseWords(positionals: readonly string[], { name }: Takes): void {
  if (positionals.length > 0) throw usage(`${name} takes only flags, and "${positionals.join('", "')}" is none.`);
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

/** A hint for a word that only one of those begins with. */
function beginning(typed: string, words: readonly string[]): string | undefined {
  const [word, ...others] = words.filter((one) => typed.length > '--'.length && one.startsWith(typed));
  return word === undefined || others.length > 0 ? undefined : `Did you mean ${word}?`;
}

function unknownFlag(rawName: string, command: string, options: readonly Option[]): ExpectedError {
  const names = options.map(({ flag }) => `--${flag}`);
  const negatives = options.filter(({ negatable }) => negatable).map(({ flag }) => `--no-${flag}`);
  return usage(
    `There is no flag ${rawName}${command === '' ? '' : ` of ${command}`}.`,
    beginning(rawName, [...names, ...negatives]) ??
      didYouMean(rawName, [...names, ...negatives]) ?? `The flags are: ${names.join(', ')}.`,
  );
}

/** The questions as options of the command line. */
export function questionOptions(): Option[] {
  const from: DefaultsFrom = { directory: 'my-service', packageManager: 'npm' };
  return QUESTIONS.map((question) => {
    const { flag, help } = question;
    const shown = { flag, help, default: defaultOf(question, from) };
    switch (question.kind) {
      case 'boolean':
        return { ...shown, negatable: 'either' };
      case 'choice': {
        const values = question.choices.map(({ value }) => value as string);
        return { ...shown, placeholder: values.join('|'), valueHelp: `It can be: ${values.join(', ')}.` };
      }
      case 'text':
        return {
          ...{ ...shown, placeholder: question.placeholder, valueHelp: `It is ${help}.` },
          ...(question.repeatable && { repeatable: true as const }),
        };
    }
  });
}

/** A default as the help shows it. */
function defaultOf(question: Question, from: DefaultsFrom): string {
  if (question.key === 'name') return 'from the directory';
  if (question.key === 'packageManager') return '';
  const value = question.default(from);
  if (Array.isArray(value)) return value.map(({ name }) => name).join(', ');
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : value;
}
