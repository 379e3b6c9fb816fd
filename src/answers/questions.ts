import { basename, resolve } from 'node:path';

import {
  BACKENDS,
  ENCODINGS,
  EXAMPLE_ENDPOINT,
  FRAMEWORKS,
  PACKAGE_MANAGERS,
  PROVISIONINGS,
  STORES,
  type Answers,
  type PackageManager,
  type PlanAnswer,
} from './answers.ts';

/** What a default may depend on. */
export interface DefaultsFrom {
  /** The directory as it was given. */
  directory: string;
  packageManager: PackageManager;
  /** The exact version of the one that started this program, such as `yarn@4.9.1`; undefined when it is not known. */
  packageManagerVersion?: string | undefined;
}

/** The answers that are asked for: endpoints come later, by their own command. */
export type QuestionKey = Exclude<keyof Answers, 'endpoints'>;

interface QuestionBase<Key extends QuestionKey> {
  key: Key;
  /** Without the dashes. */
  flag: string;
  /** What the option does, in `--help` and in the README. */
  help: string;
  /** What the prompt asks; without one the question has a flag only. */
  prompt?: string;
  /** The line above the prompt, for a person who sees it for the first time; `help`, if nothing is given. */
  explanation?: string;
  default(from: DefaultsFrom): Answers[Key];
}

/** A free text. `parse` gives the answer, or throws an Error whose message says what is wrong. */
export interface TextQuestion<Key extends QuestionKey> extends QuestionBase<Key> {
  kind: 'text';
  placeholder: string;
  /** Whether the flag may be given again and again; the prompt takes them in one line, separated by `;`. */
  repeatable: boolean;
  parse(texts: readonly string[]): Answers[Key];
  /** What is asked of an answer that is typed, beside what a record may have: why it is refused, or undefined. */
  typedProblem?(answer: Answers[Key]): string | undefined;
  format(answer: Answers[Key]): string[];
}

/** One of the things that can be chosen. */
export interface Choice<Value extends string> {
  value: Value;
  title: string;
  /** What it is, in a few words, shown beside the title. */
  description?: string;
}

export interface ChoiceQuestion<Key extends QuestionKey> extends QuestionBase<Key> {
  kind: 'choice';
  choices: readonly Choice<Answers[Key] & string>[];
}

export interface BooleanQuestion<Key extends QuestionKey> extends QuestionBase<Key> {
  kind: 'boolean';
}

export type Question = {
  [Key in QuestionKey]: TextQuestion<Key> | ChoiceQuestion<Key> | BooleanQuestion<Key>;
}[QuestionKey];

const DEFAULT_PLANS: PlanAnswer[] = [
  { name: 'small', description: 'For trying things out' },
  { name: 'large', description: 'For production' },
];

/**
 * Every question: the one source of the prompts, the flags, `--help`, the README's table of options and the check of
 * the record. Tsuru's own words and rules: service id, team, plan, endpoint, encoding and multi-cluster.
 */
export const QUESTIONS: readonly Question[] = [
  text({
    key: 'name',
    flag: 'name',
    placeholder: 'id',
    help: 'the id of the service in Tsuru',
    prompt: 'Service id',
    explanation: 'What teams call it: tsuru service instance add <service id> <instance>. Also the name of the package.',
    default: ({ directory }) => serviceIdFrom(directory),
    parse: (value) =>
      check(value, /^[a-z][a-z0-9-]{0,39}$/, 'must start with a letter and have at most 40 of a-z, 0-9 and "-"'),
    format: (name) => name,
  }),
  {
    kind: 'choice',
    key: 'framework',
    flag: 'framework',
    help: 'the web framework',
    prompt: 'Framework',
    explanation: 'What the HTTP side is written with. All the rest is the same code, and it can be changed later.',
    choices: choices(
      FRAMEWORKS,
      { express: 'Express', fastify: 'Fastify', hono: 'Hono' },
      {
        express: 'the best known: routers and middleware, and a package for everything',
        fastify: 'fast and structured: plugins, schemas, its own logger',
        hono: 'small and modern: web standards, runs on many runtimes',
      },
    ),
    default: () => 'fastify',
  },
  {
    kind: 'choice',
    key: 'backend',
    flag: 'backend',
    help: 'what provisions the instances',
    prompt: 'Backend',
    choices: choices(BACKENDS, { blank: 'Blank: yours to write' }),
    default: () => 'blank',
  },
  {
    kind: 'choice',
    key: 'store',
    flag: 'store',
    help: 'where the service API keeps its instances and binds',
    prompt: 'Store',
    choices: choices(STORES, { sqlite: 'SQLite' }),
    default: () => 'sqlite',
  },
  {
    kind: 'choice',
    key: 'provisioning',
    flag: 'provisioning',
    help: 'whether Tsuru waits while an instance is created',
    prompt: 'Provisioning',
    explanation: 'How long it takes to create an instance: that decides whether Tsuru waits for it.',
    choices: choices(PROVISIONINGS, {
      inline: 'Inline: Tsuru waits, for what takes seconds',
      background: 'Background: Tsuru asks for the status, for what takes minutes',
    }),
    default: () => 'inline',
  },
  {
    kind: 'choice',
    key: 'encoding',
    flag: 'encoding',
    help: 'how Tsuru encodes its calls; the service takes both',
    choices: choices(ENCODINGS, { form: 'Form', json: 'JSON' }),
    default: () => 'form',
  },
  {
    kind: 'boolean',
    key: 'multiCluster',
    flag: 'multi-cluster',
    help: 'whether each instance lives in a pool of Tsuru',
    default: () => false,
  },
  {
    kind: 'boolean',
    key: 'strictActions',
    flag: 'strict-actions',
    help: "whether Tsuru's proxy refuses every path but the endpoints",
    default: () => false,
  },
  {
    kind: 'boolean',
    key: 'legacyCompat',
    flag: 'legacy-compat',
    help: "whether Tsuru's general permission for the proxy is enough for the endpoints",
    default: () => true,
  },
  text({
    key: 'team',
    flag: 'team',
    placeholder: 'team',
    help: 'the team that owns the service; empty for the only team of whoever registers it',
    prompt: 'Team that owns the service (empty: your only one)',
    explanation: 'A team of your Tsuru, as `tsuru team list` shows them. Its members may change the service.',
    default: () => '',
    parse: (value) => check(value, /^[\w.@+-]*$/, 'must have no spaces and no signs but ".", "@", "+", "-" and "_"'),
    format: (team) => team,
  }),
  text({
    key: 'endpoint',
    flag: 'endpoint',
    placeholder: 'URL',
    help: 'the address at which Tsuru reaches the service API',
    prompt: 'Address at which Tsuru reaches it',
    explanation: 'The URL of the service API as the Tsuru server sees it. It can be changed when it is deployed.',
    default: () => 'http://localhost:8888',
    parse: parseEndpoint,
    format: (endpoint) => endpoint,
  }),
  {
    kind: 'text',
    key: 'plans',
    flag: 'plan',
    placeholder: '"name=description"',
    repeatable: true,
    help: 'a plan that teams choose from; the first one is the default',
    prompt: 'Plans, as name=description; name=description',
    explanation: 'What teams choose from when they create an instance. The first one is the default.',
    default: () => DEFAULT_PLANS,
    parse: parsePlans,
    typedProblem: (plans) => {
      const bare = plans.find(({ description }) => description === '');
      return bare && `must be "name=description", and "${bare.name}" has no description`;
    },
    format: (plans) => plans.map(({ name, description }) => `${name}=${description}`),
  },
  {
    kind: 'choice',
    key: 'packageManager',
    flag: 'pm',
    help: 'the package manager; the one that started this program',
    choices: choices(PACKAGE_MANAGERS, { npm: 'npm', pnpm: 'pnpm', yarn: 'Yarn', bun: 'Bun' }),
    default: ({ packageManager }) => packageManager,
  },
  text({
    key: 'packageManagerVersion',
    flag: 'pm-version',
    placeholder: 'name@version',
    help: 'its exact version; the one that started this program, or one that is known to work',
    default: ({ packageManager, packageManagerVersion = '' }) =>
      packageManagerVersion.startsWith(`${packageManager}@`) ? packageManagerVersion : '',
    parse: (value) =>
      check(
        value,
        /^((npm|pnpm|yarn|bun)@\d+\.\d+\.\d+(-[\w.-]+)?)?$/,
        'must be a name and a whole version, such as pnpm@10.34.8',
      ),
    format: (version) => version,
  }),
];

/**
 * Reads an answer that a person typed, by flag or prompt.
 * @throws Error whose message says what is wrong, as the end of a sentence
 */
export function parseTyped(question: TextAnyQuestion, texts: readonly string[]): Answers[QuestionKey] {
  const answer = question.parse(texts);
  const problem = (question.typedProblem as ((answer: unknown) => string | undefined) | undefined)?.(answer);
  if (problem !== undefined) throw new Error(problem);
  return answer;
}

/**
 * Reads an answer that was typed in one line, as a prompt takes it; several parts are separated by `;`.
 * @throws Error as {@link parseTyped}
 */
export function readTyped(question: TextAnyQuestion, typed: string): Answers[QuestionKey] {
  if (!question.repeatable) return parseTyped(question, [typed]);
  const parts = typed.split(';').map((part) => part.trim());
  return parseTyped(question, parts.filter((part) => part !== ''));
}

/** Whether a question has a prompt; with a single choice there is nothing to ask. */
export function isAsked(question: Question): boolean {
  return question.prompt !== undefined && !(question.kind === 'choice' && question.choices.length === 1);
}

type TextAnyQuestion = Extract<Question, { kind: 'text' }>;

/** Fills in the default of every question that has no answer yet. */
export function withDefaults(answers: Partial<Answers>, from: DefaultsFrom): Answers {
  const defaults = QUESTIONS.map((question) => [question.key, question.default(from)] as const);
  return { endpoints: [EXAMPLE_ENDPOINT], ...Object.fromEntries(defaults), ...answers } as Answers;
}

/** A question whose answer is one text. */
function text<Key extends 'name' | 'team' | 'endpoint' | 'packageManagerVersion'>(
  question: Omit<TextQuestion<Key>, 'kind' | 'repeatable' | 'parse' | 'format'> & {
    parse: (value: string) => Answers[Key];
    format: (answer: Answers[Key]) => string;
  },
): TextQuestion<Key> {
  const { parse, format, ...rest } = question;
  return {
    ...rest,
    kind: 'text',
    repeatable: false,
    parse: (texts) => parse(texts.at(-1)?.trim() ?? ''),
    format: (answer) => [format(answer)],
  };
}

function choices<Value extends string>(
  values: readonly Value[],
  titles: Record<Value, string>,
  descriptions?: Record<Value, string>,
): Choice<Value>[] {
  return values.map((value) => ({
    ...{ value, title: titles[value] },
    ...(descriptions && { description: descriptions[value] }),
  }));
}

function check(value: string, pattern: RegExp, rule: string): string {
  if (!pattern.test(value)) throw new Error(rule);
  return value;
}

function parseEndpoint(value: string): string {
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    throw new Error('must be a URL such as https://my-service.example.com');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Error('must start with http:// or https://');
  if (url.username !== '' || url.password !== '') throw new Error('must have no user name and no password in it');
  if (url.search !== '' || url.hash !== '') throw new Error('must have no "?" and no "#"');
  if (!/^(\/[\w.~-]+)*\/?$/.test(url.pathname)) {
    throw new Error('must have a plain path, of letters, digits and ".", "_", "~", "-"');
  }
  return url.href.replace(/\/$/, '');
}

function parsePlans(texts: readonly string[]): PlanAnswer[] {
  const plans = texts.map((given) => {
    const mark = given.indexOf('=');
    const name = (mark === -1 ? given : given.slice(0, mark)).trim();
    const description = mark === -1 ? '' : given.slice(mark + 1).trim();
    if (name === '') throw new Error(`must be "name=description", and "${given}" has no name`);
    if (/\p{Cc}/u.test(name + description)) throw new Error('must be on one line');
    return { name, description };
  });
  const names = plans.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`names the plan "${twice}" twice`);
  if (plans.length === 0) throw new Error('must name one plan at least');
  return plans;
}

/**
 * A valid service id made from a directory's name: `My Service 2` gives `my-service-2`.
 * @returns a name that matches `^[a-z][a-z0-9-]{0,39}$`; `my-service` when no part of the directory's name can be used
 */
export function serviceIdFrom(directory: string): string {
  const id = basename(resolve(directory))
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 40)
    .replace(/-+$/, '');
  return id === '' ? 'my-service' : id;
}
