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

/** The facts that a default may depend on. */
export interface DefaultsFrom {
  /** The directory, as given. */
  directory: string;
  packageManager: PackageManager;
  /** The exact version of the package manager that started this program, such as `yarn@4.9.1`; undefined when unknown. */
  packageManagerVersion?: string | undefined;
}

/** The answers that have a question: all but endpoints, which have a command of their own. */
export type QuestionKey = Exclude<keyof Answers, 'endpoints'>;

interface QuestionBase<Key extends QuestionKey> {
  key: Key;
  /** Without the dashes. */
  flag: string;
  /** What the option does, in `--help` and in the README. */
  help: string;
  /** The text of the prompt; a question without one is only a flag. */
  prompt?: string;
  /** The line above the prompt; defaults to `help`. */
  explanation?: string;
  default(from: DefaultsFrom): Answers[Key];
}

/** A free text. `parse` returns the answer, or throws an Error whose message is the end of a sentence: "must be a URL". */
export interface TextQuestion<Key extends QuestionKey> extends QuestionBase<Key> {
  kind: 'text';
  placeholder: string;
  /** Whether the flag is repeatable. The prompt takes all values on one line, separated by `;`. */
  repeatable: boolean;
  parse(texts: readonly string[]): Answers[Key];
  /** A rule for answers that are typed but not for a record: why an answer is refused, or undefined. */
  typedProblem?(answer: Answers[Key]): string | undefined;
  format(answer: Answers[Key]): string[];
}

/** One of the choices. */
export interface Choice<Value extends string> {
  value: Value;
  title: string;
  /** A few words beside the title. */
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
 * Every question: the only source of the prompts, the flags, `--help`, the README's table of options, and the validation of
 * the record. Service id, team, plan, endpoint, encoding and multi-cluster are Tsuru's terms, with Tsuru's rules.
 */
export const QUESTIONS: readonly Question[] = [
  text({
    key: 'name',
    flag: 'name',
    placeholder: 'id',
    help: 'the id of the service in Tsuru',
    prompt: 'Service id',
    explanation: 'The name that teams use: tsuru service instance add <service id> <instance>. Also the name of the package.',
    default: ({ directory }) => serviceIdFrom(directory),
    parse: (value) =>
      check(value, /^[a-z][a-z0-9-]{0,39}$/, 'must start with a letter and have at most 40 characters of a-z, 0-9 and "-"'),
    format: (name) => name,
  }),
  {
    kind: 'choice',
    key: 'framework',
    flag: 'framework',
    help: 'the web framework',
    prompt: 'Framework',
    explanation: 'The framework of the HTTP layer. The rest of the code is the same, and you can switch later.',
    choices: choices(
      FRAMEWORKS,
      { express: 'Express', fastify: 'Fastify', hono: 'Hono' },
      {
        express: 'the best known: routers, middleware, and a package for everything',
        fastify: 'fast and structured: plugins, schemas and a built-in logger',
        hono: 'small and modern: web standards, many runtimes',
      },
    ),
    default: () => 'fastify',
  },
  {
    kind: 'choice',
    key: 'backend',
    flag: 'backend',
    help: 'the backend that provisions the instances',
    prompt: 'Backend',
    explanation: 'The part that provisions the instances.',
    choices: choices(BACKENDS, {
      blank: 'Blank: you write it',
      postgres: 'PostgreSQL: a database for each instance',
    }),
    default: () => 'blank',
  },
  {
    kind: 'choice',
    key: 'store',
    flag: 'store',
    help: 'the database that the service API keeps its instances and binds in',
    choices: choices(STORES, {
      sqlite: 'SQLite: one file, for a single process',
      postgres: 'PostgreSQL: for any number of replicas',
    }),
    default: () => 'sqlite',
  },
  {
    kind: 'choice',
    key: 'provisioning',
    flag: 'provisioning',
    help: 'whether Tsuru waits while an instance is created',
    prompt: 'Provisioning',
    explanation: 'Whether Tsuru waits for a new instance depends on how long it takes to create one.',
    choices: choices(PROVISIONINGS, {
      inline: 'Inline: Tsuru waits; for instances that take seconds',
      background: 'Background: Tsuru polls the status; for instances that take minutes',
    }),
    default: () => 'inline',
  },
  {
    kind: 'choice',
    key: 'encoding',
    flag: 'encoding',
    help: 'how Tsuru encodes its calls; the service accepts both',
    choices: choices(ENCODINGS, { form: 'Form', json: 'JSON' }),
    default: () => 'form',
  },
  {
    kind: 'boolean',
    key: 'multiCluster',
    flag: 'multi-cluster',
    help: 'whether each instance belongs to a Tsuru pool',
    default: () => false,
  },
  {
    kind: 'boolean',
    key: 'strictActions',
    flag: 'strict-actions',
    help: "whether Tsuru's proxy refuses every path except the endpoints",
    default: () => false,
  },
  {
    kind: 'boolean',
    key: 'legacyCompat',
    flag: 'legacy-compat',
    help: "whether Tsuru's general proxy permission is enough to call the endpoints",
    default: () => true,
  },
  text({
    key: 'team',
    flag: 'team',
    placeholder: 'team',
    help: 'the team that owns the service; empty if the user who registers it has only one team',
    prompt: 'Team that owns the service (leave empty if you have only one)',
    explanation: 'A Tsuru team, as listed by `tsuru team list`. Its members can manage the service.',
    default: () => '',
    parse: (value) => check(value, /^[\w.@+-]*$/, 'must have no spaces, and no symbols other than ".", "@", "+", "-" and "_"'),
    format: (team) => team,
  }),
  text({
    key: 'endpoint',
    flag: 'endpoint',
    placeholder: 'URL',
    help: 'the URL at which Tsuru reaches the service API',
    prompt: 'URL of the service API',
    explanation: 'Where the Tsuru server reaches it. You can change it when you deploy.',
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
    help: 'a plan; the first one is the default',
    prompt: 'Plans (name=description; name=description)',
    explanation: 'The plans that teams choose from when they create an instance. The first one is the default.',
    default: () => DEFAULT_PLANS,
    parse: parsePlans,
    typedProblem: (plans) => {
      const bare = plans.find(({ description }) => description === '');
      return bare && `must be "name=description"; "${bare.name}" has no description`;
    },
    format: (plans) => plans.map(({ name, description }) => `${name}=${description}`),
  },
  {
    kind: 'choice',
    key: 'packageManager',
    flag: 'pm',
    help: 'the package manager (default: the one that started this program)',
    choices: choices(PACKAGE_MANAGERS, { npm: 'npm', pnpm: 'pnpm', yarn: 'Yarn', bun: 'Bun' }),
    default: ({ packageManager }) => packageManager,
  },
  text({
    key: 'packageManagerVersion',
    flag: 'pm-version',
    placeholder: 'name@version',
    help: 'its exact version (default: the one that started this program, or a tested one)',
    default: ({ packageManager, packageManagerVersion = '' }) =>
      packageManagerVersion.startsWith(`${packageManager}@`) ? packageManagerVersion : '',
    parse: (value) =>
      check(
        value,
        /^((npm|pnpm|yarn|bun)@\d+\.\d+\.\d+(-[\w.-]+)?)?$/,
        'must be a name and an exact version, such as pnpm@10.34.8',
      ),
    format: (version) => version,
  }),
];

/**
 * Reads an answer typed as a flag or at a prompt.
 * @throws Error whose message is the end of a sentence
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

/** Fills in the default of every question without an answer. */
export function withDefaults(answers: Partial<Answers>, from: DefaultsFrom): Answers {
  const defaults = QUESTIONS.map((question) => [question.key, question.default(from)] as const);
  return { endpoints: [EXAMPLE_ENDPOINT], ...Object.fromEntries(defaults), ...answers } as Answers;
}

/** A question whose answer is a single text. */
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
  if (url.username !== '' || url.password !== '') throw new Error('must not contain a user name or a password');
  if (url.search !== '' || url.hash !== '') throw new Error('must not contain "?" or "#"');
  if (!/^(\/[\w.~-]+)*\/?$/.test(url.pathname)) {
    throw new Error('must have a path of only letters, digits, ".", "_", "~" and "-"');
  }
  return url.href.replace(/\/$/, '');
}

function parsePlans(texts: readonly string[]): PlanAnswer[] {
  const plans = texts.map((given) => {
    const mark = given.indexOf('=');
    const name = (mark === -1 ? given : given.slice(0, mark)).trim();
    const description = mark === -1 ? '' : given.slice(mark + 1).trim();
    if (name === '') throw new Error(`must be "name=description"; "${given}" has no name`);
    if (/\p{Cc}/u.test(name + description)) throw new Error('must be on one line');
    return { name, description };
  });
  const names = plans.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`names the plan "${twice}" twice`);
  if (plans.length === 0) throw new Error('must name at least one plan');
  return plans;
}

/**
 * A valid service id derived from a directory's name: `My Service 2` becomes `my-service-2`.
 * @returns a name that matches `^[a-z][a-z0-9-]{0,39}$`; `my-service` if no part of the directory's name is usable
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
