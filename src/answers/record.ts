import { parseDocument } from 'yaml';

import { withoutBom } from '../text.ts';
import { type Answers, type EndpointAnswer, RECORD } from './answers.ts';
import { endpointsProblem, METHODS } from './endpoints.ts';
import { EXIT, ExpectedError, messageOf, unreadable } from '../errors.ts';
import { QUESTIONS, withDefaults, type Question } from './questions.ts';
import { editText, rewriteText, YAML_OPTIONS } from './record-text.ts';
import { refusePoison } from './untrusted.ts';

const VERSION = 1;

/** The hint of every error in a record. */
const FIX = 'Fix it by hand.';

/**
 * Reads a record. Answers that it leaves out get their defaults.
 * @param text of `tsuru-service.yaml`: untrusted input
 * @throws ExpectedError with the exit code for unreadable, naming the line or the key
 */
export function readRecord(text: string): Answers {
  const document = parseDocument(withoutBom(text), YAML_OPTIONS);
  const [error] = document.errors;
  if (error) throw unreadable(`${RECORD} is not valid YAML: ${error.message}`, FIX);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 20 });
  } catch (problem) {
    throw unreadable(`${RECORD} is not valid YAML: ${messageOf(problem)}.`, FIX);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unreadable(`${RECORD} has no answers.`, 'It must be a mapping of keys to values.');
  }
  refusePoison(value, RECORD);
  const { version, ...answers } = value as Record<string, unknown>;
  if (version !== VERSION) {
    throw unreadable(
      `${RECORD} has version ${JSON.stringify(version)}; this program supports version ${VERSION}.`,
      'Use a newer create-tsuru-service.',
    );
  }
  return readAnswers(answers, RECORD);
}

/**
 * Validates answers that were read from a file, or given by a program.
 * @param file the name to use in errors
 * @param fix the hint of those errors
 * @throws ExpectedError with the exit code for unreadable
 */
export function readAnswers(value: Readonly<Record<string, unknown>>, file: string, fix = FIX): Answers {
  const known = [...QUESTIONS.map(({ key }) => key as string), 'endpoints'];
  const stranger = Object.keys(value).find((key) => !known.includes(key));
  if (stranger !== undefined) {
    throw unreadable(`${file} has an unknown key "${stranger}".`, `Valid keys: ${known.join(', ')}.`);
  }
  const answers: Partial<Answers> = {};
  for (const question of QUESTIONS) {
    const given = value[question.key];
    if (given !== undefined) Object.assign(answers, { [question.key]: readAnswer(question, given, file, fix) });
  }
  const { endpoints: _example, ...whole } = withDefaults(answers, { directory: 'my-service', packageManager: 'npm' });
  const endpoints = readEndpoints(value['endpoints'] ?? [], file, fix);
  const problem = endpointsProblem(endpoints, whole.framework);
  if (problem !== undefined) throw unreadable(`${file}: ${problem}`, fix);
  return { ...whole, endpoints };
}

/**
 * Changes answers in the text of a record and keeps everything else: comments, order and layout.
 * @param changes the new answers; an answer that is the same is not touched
 * @throws ExpectedError when the text cannot be changed without changing more than that
 */
export function editRecord(text: string, changes: Partial<Answers>): string {
  const before = readRecord(text);
  const after = inOrder({ ...before, ...changes });
  const wanted = JSON.stringify(after);
  for (const edit of [editText, rewriteText]) {
    const edited = edit(text, before, after);
    if (edited !== undefined && whatItSays(edited) === wanted) return edited;
  }
  const keys = Object.keys(after) as (keyof Answers)[];
  const changed = keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
  throw new ExpectedError(
    EXIT.inTheWay,
    `Cannot change ${changed.join(' and ')} in ${RECORD} without changing other answers.`,
    'Remove its anchors and aliases, or edit it by hand, then run regenerate.',
  );
}

/** Answers with the keys of their items in a fixed order. */
function inOrder({ plans, endpoints, ...others }: Answers): Answers {
  return {
    ...others,
    plans: plans.map(({ name, description }) => ({ name, description })),
    endpoints: endpoints.map(({ name, method, path, action, description }) => ({
      ...{ name, method, path, action, description },
    })),
  };
}

/** The answers of a text, for comparison; undefined when it is unreadable. */
function whatItSays(text: string): string | undefined {
  try {
    return JSON.stringify(inOrder(readRecord(text)));
  } catch {
    return undefined;
  }
}

function readAnswer(question: Question, given: unknown, file: string, fix: string): Answers[keyof Answers] {
  const wrong = (rule: string) => unreadable(`${file}: ${question.key} ${rule}.`, fix);
  if (question.kind === 'boolean') {
    if (typeof given !== 'boolean') throw wrong('must be true or false');
    return given;
  }
  if (question.kind === 'choice') {
    const values = question.choices.map(({ value }) => value as string);
    if (typeof given !== 'string' || !values.includes(given)) {
      throw wrong(`must be one of ${values.join(', ')}, not ${JSON.stringify(given)}`);
    }
    return given;
  }
  try {
    const texts = question.key === 'plans' ? planTexts(given) : [textOf(given)];
    return question.parse(texts);
  } catch (error) {
    throw wrong(messageOf(error));
  }
}

function textOf(given: unknown): string {
  if (typeof given !== 'string') throw new Error('must be a string');
  return given;
}

function planTexts(given: unknown): string[] {
  if (!Array.isArray(given)) throw new Error('must be a list');
  return given.map((plan: unknown) => {
    const { name, description = '', ...others } = (plan ?? {}) as Record<string, unknown>;
    if (typeof name !== 'string' || typeof description !== 'string' || Object.keys(others).length > 0) {
      throw new Error('must be a list of items with a name and a description');
    }
    if (name.includes('=')) throw new Error('must not have "=" in a name');
    return `${name}=${description}`;
  });
}

function readEndpoints(given: unknown, file: string, fix: string): EndpointAnswer[] {
  const wrong = (rule: string) => unreadable(`${file}: endpoints ${rule}.`, fix);
  if (!Array.isArray(given)) throw wrong('must be a list');
  return given.map((item: unknown) => {
    const { name, method, path, action, description, ...others } = (item ?? {}) as Record<string, unknown>;
    const texts = [name, method, path, action, description];
    if (texts.some((text) => typeof text !== 'string') || Object.keys(others).length > 0) {
      throw wrong('must be a list of items with a name, method, path, action and description');
    }
    if (!METHODS.includes(method as (typeof METHODS)[number])) {
      throw wrong(`must have one of the methods ${METHODS.join(', ')}, not ${JSON.stringify(method)}`);
    }
    return { name, method, path, action, description } as EndpointAnswer;
  });
}
