import prompts from 'prompts';

import type { Answers, EndpointAnswer } from './answers.ts';
import { METHODS, withEndpointDefaults } from './endpoints.ts';
import { cancelled, messageOf } from './errors.ts';
import type { DefaultsFrom, Question } from './questions.ts';

/** The streams of a terminal; `prompts` reads keys from one and draws on the other. */
export interface PromptStreams {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  /** Aborted when the program is asked to end while it asks. */
  signal: AbortSignal;
}

const SHOW_CURSOR = '\x1b[?25h\n';

/** Asks for the directory. @throws ExpectedError when it is cancelled */
export async function askDirectory(streams: PromptStreams): Promise<string> {
  const answer = await ask(streams, {
    type: 'text',
    message: 'Directory',
    initial: 'my-service',
    validate: (text: string) => text.trim() !== '' || 'must not be empty',
  });
  return String(answer).trim();
}

/** Asks one question, with its default filled in, and checks the answer as it is typed. @throws ExpectedError when it is cancelled */
export async function askQuestion(
  streams: PromptStreams,
  question: Question,
  from: DefaultsFrom,
): Promise<Answers[keyof Answers]> {
  const message = question.prompt ?? question.help;
  switch (question.kind) {
    case 'choice': {
      const preset = question.default(from);
      const initial = question.choices.findIndex(({ value }) => value === preset);
      const choices = question.choices.map((choice) => ({ title: choice.title, value: choice.value }));
      return (await ask(streams, { type: 'select', message, choices, initial })) as Answers[keyof Answers];
    }
    case 'boolean':
      return (await ask(streams, {
        type: 'toggle',
        message,
        initial: question.default(from) === true,
        active: 'yes',
        inactive: 'no',
      })) as boolean;
    case 'text': {
      const read = (typed: string) =>
        question.parse(
          question.repeatable
            ? typed
                .split(';')
                .map((part) => part.trim())
                .filter((part) => part !== '')
            : [typed],
        );
      const initial = (question.format as (answer: unknown) => string[])(question.default(from)).join('; ');
      const validate = (typed: string) => {
        try {
          read(typed);
          return true;
        } catch (error) {
          return `It ${messageOf(error)}.`;
        }
      };
      return read(String(await ask(streams, { type: 'text', message, initial, validate })));
    }
  }
}

/** Asks for a yes. @throws ExpectedError when it is cancelled */
export async function askToGoOn(streams: PromptStreams, message: string): Promise<boolean> {
  return (await ask(streams, { type: 'confirm', message, initial: true })) as boolean;
}

/** Asks for one of several things; the first one is the default. @throws ExpectedError when it is cancelled */
export async function askChoice<Value extends string>(
  streams: PromptStreams,
  message: string,
  choices: readonly { value: Value; title: string }[],
): Promise<Value> {
  return (await ask(streams, { type: 'select', message, choices: [...choices], initial: 0 })) as Value;
}

/** Asks for what an endpoint has, with what follows from its name filled in. @throws ExpectedError when it is cancelled */
export async function askEndpoint(streams: PromptStreams, given: Partial<EndpointAnswer>): Promise<EndpointAnswer> {
  const text = async (message: string, initial: string) => {
    const validate = (typed: string) => typed.trim() !== '' || 'must not be empty';
    return String(await ask(streams, { type: 'text', message, initial, validate })).trim();
  };
  const name = await text('Name', 'backups');
  const choices = METHODS.map((value) => ({ value, title: value }));
  const initial = METHODS.indexOf('GET');
  const method =
    given.method ??
    ((await ask(streams, { type: 'select', message: 'Method', choices, initial })) as EndpointAnswer['method']);
  const path = given.path ?? (await text('Path', withEndpointDefaults({ name, method }).path));
  const defaults = withEndpointDefaults({ ...given, name, method, path });
  const action = given.action ?? (await text('Action that Tsuru grants', defaults.action));
  const description = given.description ?? (await text('What it does', defaults.description));
  return { name, method, path, action, description };
}

async function ask(
  { stdin, stdout, signal }: PromptStreams,
  question: Omit<prompts.PromptObject<'value'>, 'name'>,
): Promise<unknown> {
  // A prompt waits for a key and for nothing else: a signal gives the terminal back and leaves it.
  const left = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => {
      stdin.setRawMode(false);
      stdin.pause();
      stdout.write(SHOW_CURSOR);
      reject(cancelled());
    });
  });
  const answers = await Promise.race([prompts({ ...question, name: 'value', stdin, stdout }), left]);
  // Ctrl-C, Escape and the end of the input all leave the answer out.
  if (!('value' in answers)) throw cancelled();
  return answers.value as unknown;
}
