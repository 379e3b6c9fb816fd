import type { Answers, EndpointAnswer } from '../answers/answers.ts';
import { parseAnswer } from './create-options.ts';
import { CONFLICT_WAYS, ENDPOINT_ADD, ENDPOINT_LIST, ENDPOINT_REMOVE, REGENERATE } from './commands.ts';
import { METHODS } from '../answers/endpoints.ts';
import { didYouMean, lastOf, oneOf, onlyOne, readFlags, refuseWords, usage, type Typed } from './options.ts';
import { QUESTIONS } from '../answers/questions.ts';

/** How a change of a project is made. */
export interface WriteOptions {
  directory: string;
  dryRun: boolean;
  check: boolean;
  json: boolean;
  conflict: (typeof CONFLICT_WAYS)[number];
  allowDirty: boolean;
  install: boolean;
  /** Files to bring back as they are made. */
  restore: string[];
}

/** Reads the arguments of `regenerate`. @throws ExpectedError for wrong usage */
export function parseRegenerate(argv: readonly string[]): { options: WriteOptions; set: Partial<Answers> } {
  const typed = readFlags(argv, REGENERATE);
  const directory = onlyOne(typed.positionals, 'directory can be given') ?? '.';
  const set = (typed.values.get('set') ?? []).map((text) => parseSet(String(text)));
  return { options: writeOptions(typed, directory), set: Object.assign({}, ...set) as Partial<Answers> };
}

/** What `endpoint` is to do. */
export type EndpointRequest =
  | { verb: 'list' }
  | { verb: 'add'; given: Partial<EndpointAnswer>; options: WriteOptions }
  | { verb: 'remove'; name: string | undefined; options: WriteOptions };

/** Reads the arguments after `endpoint`. @throws ExpectedError for wrong usage */
export function parseEndpointRequest([verb, ...argv]: readonly string[]): EndpointRequest {
  switch (verb) {
    case 'list':
      refuseWords(readFlags(argv, ENDPOINT_LIST).positionals, ENDPOINT_LIST);
      return { verb };
    case 'remove': {
      const typed = readFlags(argv, ENDPOINT_REMOVE);
      return { verb, name: endpointName(typed), options: writeOptions(typed, '.') };
    }
    case 'add':
      return parseAdd(readFlags(argv, ENDPOINT_ADD));
    default:
      throw usage(
        `endpoint ${verb === undefined ? 'needs' : `cannot ${verb}; it needs`} add, remove or list.`,
        didYouMean(verb ?? '', ['add', 'remove', 'list']),
      );
  }
}

function parseAdd(typed: Typed): EndpointRequest {
  const text = (flag: string) => lastOf(typed, flag);
  const method = text('method')?.toUpperCase();
  const given = {
    ...{ name: endpointName(typed), path: text('path'), action: text('action'), description: text('description') },
    method: method === undefined ? undefined : oneOf('method', method, METHODS),
  };
  return {
    verb: 'add',
    given: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    options: writeOptions(typed, '.'),
  };
}

function endpointName({ positionals }: Typed): string | undefined {
  return onlyOne(positionals, 'endpoint can be named');
}

function writeOptions(typed: Typed, directory: string): WriteOptions {
  const { values } = typed;
  return {
    directory,
    conflict: oneOf('conflict', lastOf(typed, 'conflict') ?? 'fail', CONFLICT_WAYS),
    dryRun: values.has('dry-run'),
    check: values.has('check'),
    json: values.has('json'),
    allowDirty: values.has('allow-dirty'),
    install: values.get('install')?.at(-1) !== false,
    restore: (values.get('restore') ?? []).map(String),
  };
}

/** Reads `framework=hono`; a list of plans is separated by `;`. */
function parseSet(text: string): Partial<Answers> {
  const mark = text.indexOf('=');
  const key = mark === -1 ? text : text.slice(0, mark);
  const value = text.slice(mark + 1);
  const question = QUESTIONS.find((candidate) => candidate.key === key || candidate.flag === key);
  if (question === undefined) {
    const keys = QUESTIONS.map((candidate) => candidate.key);
    throw usage(
      `--set has no "${key === '' ? text : key}".`,
      didYouMean(key, keys) ?? `It is key=value, and the keys are: ${keys.join(', ')}.`,
    );
  }
  if (mark === -1) throw usage(`--set ${text} has no value.`, `It is key=value, such as ${text}=...`);
  if (question.kind === 'boolean' && value !== 'true' && value !== 'false') {
    throw usage(`--set ${key} is true or false.`);
  }
  const texts = question.kind === 'text' && question.repeatable ? value.split(';').map((part) => part.trim()) : [value];
  return { [question.key]: parseAnswer(question, texts) };
}
