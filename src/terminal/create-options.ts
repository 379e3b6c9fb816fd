import type { Answers } from '../answers/answers.ts';
import { CREATE, commandMeant } from './commands.ts';
import { messageOf } from '../errors.ts';
import { oneOf, onlyOne, readFlags, usage } from './options.ts';
import { parseTyped, QUESTIONS, type Question } from '../answers/questions.ts';

/** The flags beside the questions. */
export interface Switches {
  yes: boolean;
  dryRun: boolean;
  overwrite: boolean;
  install: boolean;
  verify: boolean;
  git: boolean;
}

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
  const { values, positionals } = readFlags(argv, CREATE);
  const isOn = (flag: string, preset: boolean) => Boolean(values.get(flag)?.at(-1) ?? preset);
  const answers: Partial<Answers> = {};
  for (const question of QUESTIONS) {
    const texts = values.get(question.flag);
    if (texts !== undefined) Object.assign(answers, { [question.key]: parseAnswer(question, texts.map(String)) });
  }
  const [first = ''] = positionals;
  const command = positionals.length > 1 && !/[/\\]/.test(first) ? commandMeant(first) : undefined;
  if (command !== undefined) {
    throw usage(`There is no command "${first}".`, `Did you mean create-tsuru-service ${command}?`);
  }
  const directory = onlyOne(positionals, 'directory can be given');
  if (directory === '') throw usage('The directory is empty.');
  return {
    directory,
    answers,
    switches: {
      yes: isOn('yes', false),
      dryRun: isOn('dry-run', false),
      overwrite: isOn('overwrite', false),
      install: isOn('install', true),
      verify: isOn('verify', true),
      git: isOn('git', true),
    },
  };
}

/** Reads one answer from its texts. @throws ExpectedError that lists what is valid */
export function parseAnswer(question: Question, texts: readonly string[]): Answers[keyof Answers] {
  if (question.kind === 'text') {
    try {
      return parseTyped(question, texts);
    } catch (error) {
      throw usage(`--${question.flag} ${messageOf(error)}.`);
    }
  }
  if (question.kind === 'boolean') return texts.at(-1) === 'true';
  const values = question.choices.map(({ value }) => value as string);
  return oneOf(question.flag, texts.at(-1) ?? '', values);
}
