import { parseArgs } from 'node:util';

import type { Answers } from './answers.ts';
import { EXIT, ExpectedError, messageOf } from './errors.ts';
import { nearest } from './names.ts';
import { QUESTIONS, type Question } from './questions.ts';

/** The flags beside the questions. */
export interface Switches {
  yes: boolean;
  dryRun: boolean;
  install: boolean;
  verify: boolean;
  git: boolean;
  help: boolean;
  version: boolean;
}

/** Those flags with their help; `on` is what they are without being given. Shown in `--help` and in the README. */
export const SWITCHES: readonly { key: keyof Switches; flag: string; short?: string; on: boolean; help: string }[] = [
  { key: 'install', flag: 'install', on: true, help: 'install the dependencies' },
  { key: 'verify', flag: 'verify', on: true, help: 'check the types, lint and run the tests of what was made' },
  { key: 'git', flag: 'git', on: true, help: 'make a git repository with a first commit' },
  { key: 'dryRun', flag: 'dry-run', on: false, help: 'show what would be written, and write nothing' },
  { key: 'yes', flag: 'yes', short: 'y', on: false, help: 'take the default of every question that no flag answers' },
  { key: 'help', flag: 'help', short: 'h', on: false, help: 'show this text' },
  { key: 'version', flag: 'version', short: 'v', on: false, help: 'show the version' },
];

/** What was typed, checked. */
export interface CommandLine {
  directory: string | undefined;
  answers: Partial<Answers>;
  switches: Switches;
}

/**
 * Reads the arguments. A stray `--`, which some package managers hand on, is left out.
 * @throws ExpectedError with the exit code for wrong usage: an unknown flag or value, or a missing one
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const { tokens, positionals } = parseArgs({
    args: argv.filter((argument) => argument !== '--'),
    strict: false,
    tokens: true,
    allowPositionals: true,
    allowNegative: true,
    options: {
      ...Object.fromEntries(
        QUESTIONS.map(
          (question) => [question.flag, { type: question.kind === 'boolean' ? 'boolean' : 'string' }] as const,
        ),
      ),
      ...Object.fromEntries(
        SWITCHES.map(({ flag, short }) => [flag, { type: 'boolean', ...(short && { short }) }] as const),
      ),
    },
  });

  const switches = Object.fromEntries(SWITCHES.map(({ key, on }) => [key, on])) as unknown as Switches;
  const texts = new Map<Question, string[]>();
  const answers: Partial<Answers> = {};
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { rawName, value } = token;
    const negative = rawName.startsWith('--no-');
    const flag = negative ? rawName.slice('--no-'.length) : token.name;
    const found = SWITCHES.find((candidate) => candidate.flag === flag);
    const question = QUESTIONS.find((candidate) => candidate.flag === flag);
    if (found === undefined && (question === undefined || (negative && question.kind !== 'boolean'))) {
      throw unknownFlag(rawName);
    }
    if (question === undefined || question.kind === 'boolean') {
      if (value !== undefined) throw usage(`${rawName} takes no value; its opposite is --no-${flag}.`);
      if (found) switches[found.key] = !negative;
      else Object.assign(answers, { [question?.key ?? '']: !negative });
    } else {
      if (value === undefined || (!token.inlineValue && value.startsWith('--'))) {
        throw usage(`${rawName} needs a value.`, helpFor(question));
      }
      texts.set(question, [...(texts.get(question) ?? []), value]);
    }
  }
  for (const [question, values] of texts) Object.assign(answers, { [question.key]: parseAnswer(question, values) });

  const [directory, ...others] = positionals;
  if (others.length > 0) {
    throw usage(`Only one directory can be given, and "${others.join('", "')}" came after "${String(directory)}".`);
  }
  if (directory === '') throw usage('The directory is empty.');
  return { directory, answers, switches };
}

/** Reads one answer from its texts. @throws ExpectedError that lists what is valid */
export function parseAnswer(question: Question, texts: readonly string[]): Answers[keyof Answers] {
  if (question.kind === 'text') {
    try {
      return question.parse(texts);
    } catch (error) {
      throw usage(`--${question.flag} ${messageOf(error)}.`);
    }
  }
  if (question.kind === 'boolean') return texts.at(-1) === 'true';
  const value = texts.at(-1) ?? '';
  const known = question.choices.map((choice) => choice.value as string);
  if (!known.includes(value)) {
    throw usage(`--${question.flag} cannot be "${value}".`, didYouMean(value, known) ?? helpFor(question));
  }
  return value;
}

function unknownFlag(rawName: string): ExpectedError {
  const flags = [...QUESTIONS, ...SWITCHES].map(({ flag }) => `--${flag}`);
  const negatives = [...QUESTIONS.filter(({ kind }) => kind === 'boolean'), ...SWITCHES].map(
    ({ flag }) => `--no-${flag}`,
  );
  return usage(
    `There is no flag ${rawName}.`,
    didYouMean(rawName, [...flags, ...negatives]) ?? `The flags are: ${flags.join(', ')}.`,
  );
}

function didYouMean(typed: string, words: readonly string[]): string | undefined {
  const word = nearest(typed, words);
  return word === undefined ? undefined : `Did you mean ${word}?`;
}

function helpFor(question: Question): string {
  if (question.kind === 'choice') return `It can be: ${question.choices.map(({ value }) => value).join(', ')}.`;
  return `It is ${question.help}.`;
}

function usage(message: string, hint = 'Run it with --help to see what it takes.'): ExpectedError {
  return new ExpectedError(EXIT.usage, message, hint);
}
