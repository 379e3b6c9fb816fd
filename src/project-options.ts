import type { Answers, EndpointAnswer } from './answers.ts';
import { parseAnswer } from './command-line.ts';
import { METHODS } from './endpoints.ts';
import {
  didYouMean,
  flagsOf,
  lastOf,
  oneOf,
  onlyOne,
  optionHelp,
  readFlags,
  usage,
  type Option,
  type OptionHelp,
  type Typed,
} from './flags.ts';
import { QUESTIONS } from './questions.ts';

/** What to do with a file that both sides changed in the same place. */
export const CONFLICT_WAYS = ['fail', 'inline', 'theirs-file'] as const;

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

const WRITING: readonly Option[] = [
  { flag: 'dry-run', help: 'show the changes as a diff, and write nothing' },
  { flag: 'check', help: 'write nothing, and end with 6 when anything would change' },
  { flag: 'json', help: 'print what changes as JSON' },
  {
    flag: 'conflict',
    placeholder: CONFLICT_WAYS.join('|'),
    help: 'what becomes of a file that both sides changed in the same place',
  },
  { flag: 'allow-dirty', help: 'change files that have changes which are not committed' },
  { flag: 'install', negatable: true, help: 'do not install the dependencies when they changed' },
];

const REGENERATE: readonly Option[] = [
  { flag: 'set', placeholder: 'key=value', repeatable: true, help: 'change an answer, such as framework=hono' },
  { flag: 'restore', placeholder: 'PATH', repeatable: true, help: 'bring back a file as it is made' },
  ...WRITING,
];

const ENDPOINT: readonly Option[] = [
  { flag: 'method', placeholder: METHODS.join('|'), help: 'the method of its requests (GET)' },
  { flag: 'path', placeholder: '/path/{id}', help: 'the path below an instance (from the name)' },
  { flag: 'action', placeholder: 'name', help: 'what Tsuru grants to roles (from the name and the method)' },
  { flag: 'description', placeholder: 'text', help: 'what it does, in one line' },
  ...WRITING,
];

/** The options of a command, as its help and the README show them. */
export function projectOptionTable(command: 'regenerate' | 'endpoint'): OptionHelp[] {
  return optionHelp(command === 'regenerate' ? REGENERATE : ENDPOINT);
}

/** Reads the arguments of `regenerate`. @throws ExpectedError for wrong usage */
export function parseRegenerate(argv: readonly string[]): { options: WriteOptions; set: Partial<Answers> } {
  const typed = readFlags(argv, flagsOf(REGENERATE));
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
export function parseEndpointRequest(argv: readonly string[]): EndpointRequest {
  const typed = readFlags(argv, flagsOf(ENDPOINT));
  const [verb, ...names] = typed.positionals;
  const name = onlyOne(names, 'endpoint can be named');
  const options = writeOptions(typed, '.');
  if (verb === 'list') return { verb };
  if (verb === 'remove') return { verb, name, options };
  if (verb !== 'add') {
    throw usage(`endpoint ${verb === undefined ? 'needs' : `cannot ${verb}; it needs`} add, remove or list.`);
  }
  const text = (flag: string) => lastOf(typed, flag);
  const method = text('method')?.toUpperCase();
  const given = {
    ...{ name, path: text('path'), action: text('action'), description: text('description') },
    method: method === undefined ? undefined : oneOf('method', method, METHODS),
  };
  return {
    verb,
    given: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    options,
  };
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
  const key = text.slice(0, Math.max(mark, 0));
  const value = text.slice(mark + 1);
  const question = QUESTIONS.find((candidate) => candidate.key === key || candidate.flag === key);
  if (question === undefined) {
    const keys = QUESTIONS.map((candidate) => candidate.key);
    throw usage(
      `--set has no "${key === '' ? text : key}".`,
      didYouMean(key, keys) ?? `It is key=value, and the keys are: ${keys.join(', ')}.`,
    );
  }
  if (question.kind === 'boolean' && value !== 'true' && value !== 'false') {
    throw usage(`--set ${key} is true or false.`);
  }
  const texts = question.kind === 'text' && question.repeatable ? value.split(';').map((part) => part.trim()) : [value];
  return { [question.key]: parseAnswer(question, texts) };
}
