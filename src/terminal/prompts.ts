import { styleText } from 'node:util';

import prompts from 'prompts';

import { METHODS, type Answers, type ENDPOINT_SCOPES, type EndpointAnswer } from '../answers/answers.ts';
import { endpointsProblem, withEndpointDefaults, type TypedEndpoint } from '../answers/endpoints.ts';
import { cancelled, messageOf } from '../errors.ts';
import { wrap } from '../text.ts';
import { usage } from './options.ts';
import { askInTurn, type FormStep } from './form.ts';
import { addKeys, type LivePrompt } from './keys.ts';
import { readTyped, type Choice, type DefaultsFrom, type Question } from '../answers/questions.ts';

/** The streams of a terminal; `prompts` reads keys from one and draws on the other. */
export interface PromptStreams {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  /** Aborted when the program is stopped during a prompt. */
  signal: AbortSignal;
}

/** Returned instead of an answer when the user goes back to the previous question. */
export const BACK = Symbol('back');

/** How a question is asked. */
export interface Asking {
  /** A line above the prompt. */
  explanation?: string;
  /** Whether there is a previous question; undefined for a prompt that stands alone, which Escape cancels. */
  canGoBack?: boolean;
}

const SHOW_CURSOR = '\x1b[?25h\n';

/** Introduces the program and its keys. */
export function introduce({ stdout }: PromptStreams): void {
  explain(stdout, 'Create a Tsuru service API: answer a few questions, and the project is written.');
  explain(stdout, 'Enter accepts the suggested answer, Shift-Tab goes back, Ctrl-C cancels.');
}

/**
 * Asks for the directory.
 * @param problem why a directory cannot be used, as a sentence; undefined when it can
 * @throws ExpectedError when the prompt is cancelled
 */
export async function askDirectory(
  streams: PromptStreams,
  initial: string,
  problem: (directory: string) => string | undefined,
): Promise<string> {
  const answer = await ask(
    streams,
    {
      type: 'text',
      message: 'Directory',
      initial,
      validate: (text: string) => (text.trim() === '' ? 'The directory must not be empty.' : (problem(text.trim()) ?? true)),
    },
    { explanation: 'Where to create the project. The directory is created if it does not exist.', canGoBack: false },
  );
  return String(answer).trim();
}

/**
 * Asks one question, with its default filled in, and validates the answer as it is typed.
 * @param answer the previous answer; undefined the first time
 * @throws ExpectedError when the prompt is cancelled
 */
export async function askQuestion(
  streams: PromptStreams,
  question: Question,
  from: DefaultsFrom,
  answer: Answers[keyof Answers] | undefined,
  canGoBack: boolean,
): Promise<Answers[keyof Answers] | typeof BACK> {
  const message = question.prompt ?? question.help;
  const asking = { explanation: question.explanation ?? question.help, canGoBack };
  const preset = answer ?? question.default(from);
  switch (question.kind) {
    case 'choice': {
      const choices = question.choices as readonly Choice<string>[];
      const initial = choices.findIndex(({ value }) => value === preset);
      const given = await ask(streams, { type: 'select', message, choices: [...choices], initial }, asking);
      return given as Answers[keyof Answers] | typeof BACK;
    }
    case 'boolean': {
      const toggle = { type: 'toggle', message, initial: preset === true, active: 'yes', inactive: 'no' } as const;
      return (await ask(streams, toggle, asking)) as boolean | typeof BACK;
    }
    case 'text': {
      const read = (typed: string) => readTyped(question, typed);
      const initial = (question.format as (answer: unknown) => string[])(preset).join('; ');
      const validate = (typed: string) => {
        try {
          read(typed);
          return true;
        } catch (error) {
          return `The answer ${messageOf(error)}.`;
        }
      };
      const typed = await ask(streams, { type: 'text', message, initial, validate }, asking);
      return typed === BACK ? BACK : read(String(typed));
    }
  }
}

/** Asks for confirmation. @throws ExpectedError when the prompt is cancelled */
export async function askToGoOn(
  streams: PromptStreams,
  message: string,
  canGoBack: boolean,
): Promise<boolean | typeof BACK> {
  return (await ask(streams, { type: 'confirm', message, initial: true }, { canGoBack })) as boolean | typeof BACK;
}

/** Asks for one of several choices; the first one is the default. @throws ExpectedError when the prompt is cancelled */
export async function askChoice<Value extends string>(
  streams: PromptStreams,
  message: string,
  choices: readonly Choice<Value>[],
): Promise<Value> {
  return (await ask(streams, { type: 'select', message, choices: [...choices], initial: 0 }, {})) as Value;
}

/** Values that clash with no endpoint: placeholders for the answers not given yet, so that each answer can be validated alone. */
const UNLIKE_ANY: EndpointAnswer = {
  name: 'new-endpoint',
  method: 'POST',
  path: '/new-endpoint-that-is-asked-for',
  action: 'new-endpoint.that-is-asked-for',
  description: 'New',
};

const SCOPES: readonly Choice<(typeof ENDPOINT_SCOPES)[number]>[] = [
  { value: 'instance', title: 'instance: for those who may use the instance' },
  { value: 'service', title: "service: for the service's owners" },
  { value: 'authenticated', title: 'authenticated: the service, for every logged-in user' },
];

function isOfInstance({ scope = 'instance' }: TypedEndpoint): boolean {
  return scope === 'instance';
}

/**
 * Asks for the parts of an endpoint that were not given, with defaults that follow from its name. Each answer is validated
 * as it is typed, against the existing endpoints.
 * @throws ExpectedError when a prompt is cancelled, or a given part is not valid
 */
export async function askEndpoint(
  streams: PromptStreams,
  given: TypedEndpoint,
  { endpoints, framework }: Pick<Answers, 'endpoints' | 'framework'>,
): Promise<EndpointAnswer> {
  const answered: TypedEndpoint = { ...given };
  const problemOf = (more: TypedEndpoint) => {
    const parts = { ...UNLIKE_ANY, ...(isOfInstance({ ...given, ...more }) ? {} : { action: '' }), ...given, ...more };
    return endpointsProblem([...endpoints, withEndpointDefaults(parts)], framework);
  };
  const problem = problemOf({});
  if (problem !== undefined) throw usage(problem);
  const complete = () => withEndpointDefaults({ ...answered, name: answered.name ?? '' });

  const text =
    (key: 'name' | 'path' | 'action' | 'description', message: string, explanation: string, first?: string): FormStep =>
    async (isFirst) => {
      const typed = await ask(
        streams,
        {
          type: 'text',
          message,
          initial: answered[key] ?? first ?? complete()[key],
          validate: (value: string) => problemOf({ ...answered, [key]: value.trim() }) ?? true,
        },
        { explanation, canGoBack: !isFirst },
      );
      if (typed === BACK) return 'back';
      answered[key] = String(typed).trim();
      return 'answered';
    };
  const scope: FormStep = async (isFirst) => {
    const chosen = await ask(
      streams,
      {
        type: 'select',
        message: 'Scope',
        choices: [...SCOPES],
        initial: SCOPES.findIndex(({ value }) => value === (answered.scope ?? 'instance')),
      },
      { explanation: 'What its requests are about, and who may send them.', canGoBack: !isFirst },
    );
    if (chosen === BACK) return 'back';
    answered.scope = chosen as (typeof ENDPOINT_SCOPES)[number];
    if (given.action === undefined) delete answered.action;
    return 'answered';
  };
  const method: FormStep = async (isFirst) => {
    const possible = METHODS.filter((value) => problemOf({ ...answered, method: value }) === undefined);
    const chosen = await ask(
      streams,
      {
        type: 'select',
        message: 'Method',
        choices: possible.map((value) => ({ value, title: value })),
        initial: Math.max(0, possible.indexOf(answered.method ?? 'GET')),
      },
      { explanation: 'The HTTP method of its requests.', canGoBack: !isFirst },
    );
    if (chosen === BACK) return 'back';
    answered.method = chosen as EndpointAnswer['method'];
    return 'answered';
  };
  const action = text('action', 'Action', 'The permission that a role needs to call it.');
  const steps: [key: keyof EndpointAnswer, step: FormStep][] = [
    ['name', text('name', 'Name', 'Also the name of its file: src/endpoints/<name>.ts.', 'backups')],
    ['method', method],
    ['scope', scope],
    ['path', text('path', 'Path', 'The path below the instance or the service. {id} is a parameter.')],
    ['action', async (isFirst) => (isOfInstance(answered) ? action(isFirst) : 'skipped')],
    ['description', text('description', 'Description', 'What it does, in one line, for the documentation.')],
  ];
  await askInTurn(steps.filter(([key]) => given[key] === undefined).map(([, step]) => step));
  return complete();
}

async function ask(
  { stdin, stdout, signal }: PromptStreams,
  question: Omit<prompts.PromptObject<'value'>, 'name'>,
  { explanation, canGoBack }: Asking,
): Promise<unknown> {
  const above = explanation === undefined ? '' : explain(stdout, explanation);
  const settled = new AbortController();
  // A prompt waits only for a key, so a signal must restore the terminal and reject.
  const left = new Promise<never>((_, reject) => {
    const leave = () => {
      stdin.setRawMode(false);
      stdin.pause();
      stdout.write(SHOW_CURSOR);
      reject(cancelled());
    };
    signal.addEventListener('abort', leave, { signal: settled.signal });
  });
  const state = { hasKeys: false, isBack: false };
  const leave = () => {
    state.isBack = true;
  };
  function onRender(this: unknown): void {
    if (state.hasKeys) return;
    state.hasKeys = true;
    const live = this as LivePrompt;
    addKeys(live, above, canGoBack ? leave : undefined);
    // One Escape too many on the way back must not lose the answers.
    if (canGoBack === false) live.exit = live.bell.bind(live);
  }
  const asked = prompts({ ...question, onRender, name: 'value', stdin, stdout });
  const answers = await Promise.race([asked, left]).finally(() => {
    settled.abort();
  });
  if (state.isBack) return BACK;
  // Ctrl-C, Escape at a prompt that stands alone, and the end of the input all leave out the answer.
  if (!('value' in answers)) throw cancelled();
  return answers.value as unknown;
}

/**
 * Writes a dim line of help, wrapped at the width of the terminal.
 * @returns the text that was written
 */
function explain(stdout: NodeJS.WriteStream, text: string): string {
  const dim = (line: string) => (stdout.hasColors() ? styleText('dim', line, { validateStream: false }) : line);
  const written = wrap(text, stdout.columns).map((line) => `${dim(line)}\n`);
  stdout.write(written.join(''));
  return written.join('');
}
