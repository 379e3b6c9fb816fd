import { EXIT, ExpectedError, messageOf } from '../errors.ts';
import { nearest } from '../text.ts';

interface OptionBase {
  /** Without the dashes. */
  flag: string;
  short?: string;
  /** What it does, in `--help` and in the README. */
  help: string;
  /** The default as `--help` shows it; for an option with a `preset`, the preset. */
  default?: string;
}

/** Off unless it is given. */
interface OnSwitch extends OptionBase {
  kind: 'on';
}

/** On unless `--no-<flag>` is given. */
interface OffSwitch extends OptionBase {
  kind: 'off';
}

/** `--<flag>` or `--no-<flag>`; without either it has no value. */
export interface EitherSwitch extends OptionBase {
  kind: 'either';
}

/** The kind of path that a shell completes. */
export type PathKind = 'file' | 'directory';

/** An option that takes a value. */
export interface ValueOption<Value> extends OptionBase {
  kind: 'value';
  /** The placeholder for its value. */
  placeholder: string;
  repeatable?: true;
  /** The texts it takes; any, unless they are listed. */
  choices?: readonly string[];
  /** Spells a text as it is spelled in `choices`. */
  spell?: (text: string) => string;
  path?: PathKind;
  /** The texts that are read when the option is not given. */
  preset?: readonly string[];
  /**
   * @param texts of every time it is given, in order
   * @throws Error whose message is the end of a sentence that starts with the option, such as "must be on one line"
   * @throws ExpectedError with a whole sentence
   */
  parse: (texts: readonly string[]) => Value;
}

/** An option of a command: its flag, its completion, its help, its row in the README, and how it is read. */
export type Option<Value = unknown> = OnSwitch | OffSwitch | EitherSwitch | ValueOption<Value>;

/** The options of a command in the order of its help, by the names under which they are read. */
export type OptionTable = Readonly<Record<string, Option>>;

type ValueOf<Given> = Given extends { parse(texts: readonly string[]): infer Value } ? Value : boolean;

/** The keys of options that have a value even when they are not given. */
type PresetKey<Options> = {
  [Key in keyof Options]: Options[Key] extends { kind: 'on' | 'off' } | { preset: readonly string[] } ? Key : never;
}[keyof Options];

/** The parsed values of a table of options. An option that is not given and has no preset is left out. */
export type Values<Options> = {
  -readonly [Key in PresetKey<Options>]: ValueOf<Options[Key]>;
} & {
  -readonly [Key in Exclude<keyof Options, PresetKey<Options>>]?: ValueOf<Options[Key]>;
};

/** An option whose value is a text. */
export function text<Given extends object>(given: Given) {
  return { ...given, kind: 'value' as const, parse: (texts: readonly string[]): string => texts.at(-1) ?? '' };
}

/** An option that may be given again and again, with a text each time. */
export function texts<Given extends object>(given: Given) {
  return {
    ...given,
    ...{ kind: 'value' as const, repeatable: true as const, preset: [] },
    parse: (all: readonly string[]): string[] => [...all],
  };
}

/** An option whose value is one of a few. */
export function choice<Given extends { choices: readonly string[] }>(given: Given) {
  return {
    ...given,
    ...{ kind: 'value' as const, placeholder: given.choices.join('|') },
    // Only a text that is among the choices gets here.
    parse: (all: readonly string[]) => all.at(-1) as Given['choices'][number],
  };
}

/**
 * Reads the value of an option.
 * @param name what the option is called in an error, such as `--framework`
 * @throws ExpectedError for wrong usage
 */
export function parseValue<Value>(
  { choices, spell = (text) => text, parse }: ValueOption<Value>,
  name: string,
  given: readonly string[],
): Value {
  const spelled = choices === undefined ? given : given.map((text) => choiceOf(name, spell(text), choices));
  try {
    return parse(spelled);
  } catch (error) {
    if (error instanceof ExpectedError) throw error;
    throw usage(`${name} ${messageOf(error)}.`);
  }
}

/** A text that must be one of a few. @throws ExpectedError for wrong usage that lists them */
export function choiceOf(name: string, given: string, choices: readonly string[]): string {
  if (choices.includes(given)) return given;
  const hints = [didYouMean(given, choices), `Valid values: ${choices.join(', ')}.`];
  throw usage(`Invalid value for ${name}: "${given}".`, hints.filter((hint) => hint !== undefined).join(' '));
}

/** One option as `--help` and the README show it. */
export interface OptionHelp {
  usage: string;
  help: string;
  default: string;
}

/** The options of a table as `--help` and the README show them. */
export function optionHelp(options: OptionTable): OptionHelp[] {
  return Object.values(options).map((option) => ({
    usage: usageOf(option),
    help: option.help,
    default: option.default ?? (option.kind === 'value' ? (option.preset ?? []).join(', ') : ''),
  }));
}

const NEGATION = { on: '', off: 'no-', either: '[no-]', value: '' } as const;

/** How an option is written: `-y, --yes`, `--no-git`, `--plan "name=description" ...`. */
export function usageOf(option: Option): string {
  const { kind, short, flag } = option;
  return [
    `${short === undefined ? '' : `-${short}, `}--${NEGATION[kind]}${flag}`,
    ...(kind === 'value' ? [option.placeholder, ...(option.repeatable ? ['...'] : [])] : []),
  ].join(' ');
}

/** The long flags that an option is given by. */
export function flagsOf({ kind, flag }: Option): string[] {
  const [on, off] = [`--${flag}`, `--no-${flag}`];
  return kind === 'either' ? [on, off] : [kind === 'off' ? off : on];
}

/** An error of wrong usage. */
export function usage(message: string, hint = 'Use --help to see the options.'): ExpectedError {
  return new ExpectedError(EXIT.usage, message, hint);
}

/** A hint for a misspelt word. */
export function didYouMean(typed: string, words: readonly string[]): string | undefined {
  const word = nearest(typed, words);
  return word === undefined ? undefined : `Did you mean ${word}?`;
}
