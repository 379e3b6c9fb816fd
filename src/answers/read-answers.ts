import { messageOf, unreadable } from '../errors.ts';
import { ENDPOINT_SCOPES, METHODS, type Answers, type EndpointAnswer } from './answers.ts';
import { endpointsProblem, withEndpointDefaults } from './endpoints.ts';
import { QUESTIONS, withDefaults, type Question } from './questions.ts';

/** The hint of an error in a file. */
export const FIX = 'Fix it by hand.';

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
    const { name, method, path, scope = 'instance', description, ...rest } = (item ?? {}) as Record<string, unknown>;
    const { action = scope === 'instance' ? undefined : '', ...others } = rest;
    const texts = [name, method, path, action, description];
    if (texts.some((text) => typeof text !== 'string') || Object.keys(others).length > 0) {
      throw wrong('must be a list of items with a name, method, path, action and description, and perhaps a scope');
    }
    if (!ENDPOINT_SCOPES.includes(scope as (typeof ENDPOINT_SCOPES)[number])) {
      throw wrong(`must have one of the scopes ${ENDPOINT_SCOPES.join(', ')}, not ${JSON.stringify(scope)}`);
    }
    if (!METHODS.includes(method as (typeof METHODS)[number])) {
      throw wrong(`must have one of the methods ${METHODS.join(', ')}, not ${JSON.stringify(method)}`);
    }
    return withEndpointDefaults({ name, method, path, scope, action, description } as EndpointAnswer);
  });
}
