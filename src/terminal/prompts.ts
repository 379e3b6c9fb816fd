import { styleText } from 'node:util';

import prompts from 'prompts';

import type { Answers, EndpointAnswer } from '../answers/answers.ts';
import { endpointsProblem, METHODS, withEndpointDefaults } from '../answers/endpoints.ts';
import { cancelled, messageOf } from '../errors.ts';
import { wrap } from '../text.ts';
import { usage } from './options.ts';
import { askInTurn, type Step } from './form.ts';
import { addKeys, type LivePrompt } from './keys.ts';
import { readTyped, type Choice, type DefaultsFrom, type Question } from '../answers/questions.ts';

/** The streams of a terminal; `prompts` reads keys from one and draws on the other. */
export interface PromptStreams {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  /** Aborted when the program is asked to end while it asks. */
  signal: AbortSignal;
}

/** What comes instead of an answer when the person goes back to the question before. */
export const BACK = Symbol('back');

/** How a question is asked. */
export interface Asking {
  /** A line above it. */
  explanation?: string;
  /** Whether there is a question before it; undefined for one that stands alone, which Escape leaves. */
  canGoBack?: boolean;
}

const SHOW_CURSOR = '\x1b[?25h\n';

/** Says what this is, and which keys there are. */
export function introduce({ stdout }: PromptStreams): void {
  explain(stdout, 'A new Tsuru service API, as a project of your own: a few questions, then it is written.');
  explain(stdout, 'Enter takes the answer that is shown, Shift-Tab goes back, Ctrl-C stops.');
}

/**
 * Asks for the directory.
 * @param problem what is wrong with what was typed, as a sentence
 * @throws ExpectedError when it is cancelled
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
      validate: (text: string) => (text.trim() === '' ? 'It must not be empty.' : (problem(text.trim()) ?? true)),
    },
    { explanation: 'Where the project goes; it is made when it is not there.', canGoBack: false },
  );
  return String(answer).trim();
}

/**
 * Asks one question, with its default filled in, and checks the answer as it is typed.
 * @param answer what was answered before; undefined at the first time
 * @throws ExpectedError when it is cancelled
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
          return `It ${messageOf(error)}.`;
        }
      };
      const typed = await ask(streams, { type: 'text', message, initial, validate }, asking);
      return typed === BACK ? BACK : read(String(typed));
    }
  }
}

/** Asks for a yes. @throws ExpectedError when it is cancelled */
export async function askToGoOn(
  streams: PromptStreams,
  message: string,
  canGoBack: boolean,
): Promise<boolean | typeof BACK> {
  return (await ask(streams, { type: 'confirm', message, initial: true }, { canGoBack })) as boolean | typeof BACK;
}

/** Asks for one of several things; the first one is the default. @throws ExpectedError when it is cancelled */
export async function askChoice<Value extends string>(
  streams: PromptStreams,
  message: string,
  choices: readonly Choice<Value>[],
): Promise<Value> {
  return (await ask(streams, { type: 'select', message, choices: [...choices], initial: 0 }, {})) as Value;
}

/** What an endpoint that is being asked for cannot clash with, so that one answer after the other can be checked. */
const UNLIKE_ANY: EndpointAnswer = {
  name: 'new-endpoint',
  method: 'POST',
  path: '/new-endpoint-that-is-asked-for',
  action: 'new-endpoint.that-is-asked-for',
  description: 'New',
};

/**
 * Asks for what an endpoint has and was not given, with what follows from its name filled in. Each answer is checked as it
 * is given, beside the endpoints that there are.
 * @throws ExpectedError when it is cancelled, or when what was given cannot be
 */
export async function askEndpoint(
  streams: PromptStreams,
  given: Partial<EndpointAnswer>,
  { endpoints, framework }: Pick<Answers, 'endpoints' | 'framework'>,
): Promise<EndpointAnswer> {
  const answered: Partial<EndpointAnswer> = { ...given };
  const problemOf = (more: Partial<EndpointAnswer>) =>
    endpointsProblem([...endpoints, { ...UNLIKE_ANY, ...given, ...more }], framework);
  const problem = problemOf({});
  if (problem !== undefined) throw usage(problem);
  const complete = () => withEndpointDefaults({ ...answered, name: answered.name ?? '' });

  const text =
    (key: 'name' | 'path' | 'action' | 'description', message: string, explanation: string, first?: string): Step =>
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
  const method: Step = async (isFirst) => {
    const possible = METHODS.filter((value) => problemOf({ ...answered, method: value }) === undefined);
    const chosen = await ask(
      streams,
      {
        type: 'select',
        message: 'Method',
        choices: possible.map((value) => ({ value, title: value })),
        initial: Math.max(0, possible.indexOf(answered.method ?? 'GET')),
      },
      { explanation: 'The method of its requests.', canGoBack: !isFirst },
    );
    if (chosen === BACK) return 'back';
    answered.method = chosen as EndpointAnswer['method'];
    return 'answered';
  };
  const steps: [key: keyof EndpointAnswer, step: Step][] = [
    ['name', text('name', 'Name', 'Its file is called so: src/endpoints/<name>.ts.', 'backups')],
    ['method', method],
    ['path', text('path', 'Path', 'What follows the instance; {id} stands for a part that the caller chooses.')],
    ['action', text('action', 'Action that Tsuru grants', 'What a role is given, so that its users may call it.')],
    ['description', text('description', 'What it does', 'One line, for the documents.')],
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
  // A prompt waits for a key and for nothing else: a signal gives the terminal back and leaves it.
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
    // Escape, pressed once too often on the way back, is not to throw the answers away.
    if (canGoBack === false) live.exit = live.bell.bind(live);
  }
  const asked = prompts({ ...question, onRender, name: 'value', stdin, stdout });
  const answers = await Promise.race([asked, left]).finally(() => {
    settled.abort();
  });
  if (state.isBack) return BACK;
  // Ctrl-C, Escape at a question that stands alone, and the end of the input all leave the answer out.
  if (!('value' in answers)) throw cancelled();
  return answers.value as unknown;
}

/**
 * Writes a line of help, dim, broken between words where the terminal ends.
 * @returns what was written
 */
function explain(stdout: NodeJS.WriteStream, text: string): string {
  const dim = (line: string) => (stdout.hasColors() ? styleText('dim', line, { validateStream: false }) : line);
  const written = wrap(text, stdout.columns).map((line) => `${dim(line)}\n`);
  stdout.write(written.join(''));
  return written.join('');
}
