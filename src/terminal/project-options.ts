import type { Answers } from '../answers/answers.ts';
import type { TypedEndpoint } from '../answers/endpoints.ts';
import { nearest } from '../text.ts';
import { readArguments } from './arguments.ts';
import { ENDPOINT_ADD, ENDPOINT_LIST, ENDPOINT_REMOVE, ENDPOINT_VERBS, REGENERATE } from './commands.ts';
import { usage, type Values } from './options.ts';

/** How a change of a project is made. */
export interface WriteOptions
  extends Pick<
    Values<typeof REGENERATE.options>,
    'dryRun' | 'check' | 'json' | 'conflict' | 'allowDirty' | 'install' | 'restore'
  > {
  directory: string;
  /** The file for a report in Markdown. */
  report?: string | undefined;
}

/** Reads the arguments of `regenerate`. @throws ExpectedError for wrong usage */
export function parseRegenerate(argv: readonly string[]): { options: WriteOptions; set: Partial<Answers> } {
  const { values, argument: directory = '.' } = readArguments(argv, REGENERATE);
  return { options: { ...values, directory }, set: values.set };
}

/** A parsed `endpoint` command. */
export type EndpointRequest =
  | { verb: 'list' }
  | { verb: 'add'; given: TypedEndpoint; options: WriteOptions }
  | { verb: 'remove'; name: string | undefined; options: WriteOptions };

/** Reads the arguments after `endpoint`. @throws ExpectedError for wrong usage */
export function parseEndpointRequest([verb, ...argv]: readonly string[]): EndpointRequest {
  switch (verb) {
    case 'list':
      readArguments(argv, ENDPOINT_LIST);
      return { verb };
    case 'remove': {
      const { values, argument: name } = readArguments(argv, ENDPOINT_REMOVE);
      return { verb, name, options: { ...values, restore: [], directory: '.' } };
    }
    case 'add': {
      const { values, argument: name } = readArguments(argv, ENDPOINT_ADD);
      const { method, scope, path, action, description, ...options } = values;
      const given = Object.entries({ name, method, scope, path, action, description });
      return {
        verb,
        given: Object.fromEntries(given.filter(([, value]) => value !== undefined)),
        options: { ...options, restore: [], directory: '.' },
      };
    }
    default: {
      const names = ENDPOINT_VERBS.map((one) => `endpoint ${one}`);
      const valid = `Valid commands: ${names.join(', ')}.`;
      if (verb === undefined) throw usage('The endpoint command is missing.', valid);
      const meant = nearest(verb, ENDPOINT_VERBS);
      throw usage(`Unknown command "endpoint ${verb}".`, meant === undefined ? valid : `Did you mean endpoint ${meant}?`);
    }
  }
}
