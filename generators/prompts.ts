import type { PromptQuestion } from 'node-plop';

import { isAsked, readTyped, type DefaultsFrom, type Question } from '../src/answers/questions.ts';

/** The basis of the defaults in plop's prompts: plop does not know which package manager started it. */
export const PRESETS: DefaultsFrom = { directory: 'my-service', packageManager: 'npm' };

/** Asks for a directory. */
export function directoryPrompt(preset: string): PromptQuestion {
  return { type: 'input', name: 'directory', message: 'Directory', default: preset };
}

/**
 * A question as plop asks it; its answer is checked and parsed as on our own command line. A question without a prompt can
 * still be answered by an argument: `npx plop service -- --encoding json`.
 */
export function promptFor(question: Question): PromptQuestion {
  const base = { name: question.key, message: question.prompt ?? question.help, when: isAsked(question) };
  switch (question.kind) {
    case 'boolean':
      return { ...base, type: 'confirm', default: question.default(PRESETS) };
    case 'choice':
      return {
        ...base,
        type: 'list',
        choices: question.choices.map(({ value, title }) => ({ value, name: title })),
        default: question.default(PRESETS),
      };
    case 'text':
      return {
        ...base,
        type: 'input',
        default: ({ directory = PRESETS.directory }: { directory?: string }) =>
          (question.format as (answer: unknown) => string[])(question.default({ ...PRESETS, directory })).join('; '),
        // An error that it throws is shown beside the prompt.
        filter: (typed: string) => readTyped(question, typed),
      };
  }
}
