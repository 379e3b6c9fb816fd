import type { Answers } from './answers.ts';
import { messageOf } from './errors.ts';
import { oneOf, onlyOne, readFlags, usage, type Flag } from './flags.ts';
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
 * Reads the arguments of the default command.
 * @throws ExpectedError with the exit code for wrong usage: an unknown flag or value, or a missing one
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const { values, positionals } = readFlags(argv, FLAGS);
  const switches = Object.fromEntries(
    SWITCHES.map(({ key, flag, on }) => [key, values.get(flag)?.at(-1) ?? on]),
  ) as unknown as Switches;
  const answers: Partial<Answers> = {};
  for (const question of QUESTIONS) {
    const texts = values.get(question.flag);
    if (texts !== undefined) Object.assign(answers, { [question.key]: parseAnswer(question, texts.map(String)) });
  }
  const directory = onlyOne(positionals, 'directory can be given');
  if (directory === '') throw usage('The directory is empty.');
  return { directory, answers, switches };
}

const FLAGS: readonly Flag[] = [
  ...QUESTIONS.map((question): Flag => ({
    flag: question.flag,
    kind: question.kind === 'boolean' ? 'boolean' : 'text',
    negatable: question.kind === 'boolean',
    valueHelp: helpFor(question),
  })),
  ...SWITCHES.map(({ flag, short }): Flag => ({
    flag,
    kind: 'boolean',
    negatable: true,
    valueHelp: '',
    ...(short && { short }),
  })),
];

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
  const values = question.choices.map(({ value }) => value as string);
  return oneOf(question.flag, texts.at(-1) ?? '', values);
}

function helpFor(question: Question): string {
  if (question.kind === 'choice') return `It can be: ${question.choices.map(({ value }) => value).join(', ')}.`;
  return `It is ${question.help}.`;
}
