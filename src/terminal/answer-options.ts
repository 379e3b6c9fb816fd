import type { Answers } from '../answers/answers.ts';
import { parseTyped, QUESTIONS, type DefaultsFrom, type Question, type QuestionKey } from '../answers/questions.ts';
import { didYouMean, parseValue, usage, type EitherSwitch, type ValueOption } from './options.ts';

/** Every question as an option. */
export type AnswerOptions = {
  readonly [Key in QuestionKey]: Answers[Key] extends boolean ? EitherSwitch : ValueOption<Answers[Key]>;
};

export const ANSWER_OPTIONS = Object.fromEntries(
  QUESTIONS.map((question) => [question.key, optionFor(question)]),
) as AnswerOptions;

function optionFor(question: Question): EitherSwitch | ValueOption<Answers[QuestionKey]> {
  const { kind, flag, help } = question;
  const shown = { flag, help, default: shownDefault(question) };
  switch (kind) {
    case 'boolean':
      return { ...shown, kind: 'either' };
    case 'choice': {
      const choices = question.choices.map(({ value }) => value as string);
      const parse = (texts: readonly string[]) => texts.at(-1) as Answers[QuestionKey];
      return { ...shown, kind: 'value', choices, placeholder: choices.join('|'), parse };
    }
    case 'text':
      return {
        ...{ ...shown, kind: 'value', placeholder: question.placeholder },
        ...(question.repeatable && { repeatable: true }),
        parse: (texts) => parseTyped(question, texts),
      };
  }
}

function shownDefault(question: Question): string {
  const from: DefaultsFrom = { directory: 'my-service', packageManager: 'npm' };
  if (question.key === 'name') return 'from the directory';
  if (question.key === 'packageManager') return '';
  const value = question.default(from);
  if (Array.isArray(value)) return value.map(({ name }) => name).join(', ');
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : value;
}

/**
 * Reads the texts of `--set`, such as `framework=hono`. A key is that of the record or the name of an option. Plans are
 * separated by `;`.
 * @throws ExpectedError for wrong usage
 */
export function parseSettings(texts: readonly string[]): Partial<Answers> {
  return Object.assign({}, ...texts.map(parseSetting)) as Partial<Answers>;
}

function parseSetting(text: string): Partial<Answers> {
  const mark = text.indexOf('=');
  const key = mark === -1 ? text : text.slice(0, mark);
  const value = text.slice(mark + 1);
  const question = QUESTIONS.find((candidate) => candidate.key === key || candidate.flag === key);
  if (question === undefined) {
    const keys = QUESTIONS.map((candidate) => candidate.key);
    throw usage(`Unknown key "${key === '' ? text : key}" in --set.`, didYouMean(key, keys) ?? `Keys: ${keys.join(', ')}.`);
  }
  if (mark === -1) throw usage(`--set ${text} has no value.`, `Give it as ${text}=value.`);
  const option = ANSWER_OPTIONS[question.key];
  if (option.kind === 'either') {
    if (value !== 'true' && value !== 'false') throw usage(`--set ${key} must be true or false.`);
    return { [question.key]: value === 'true' };
  }
  const texts = option.repeatable ? value.split(';').map((part) => part.trim()) : [value];
  return { [question.key]: parseValue<Answers[QuestionKey]>(option, `--set ${key}`, texts) };
}
