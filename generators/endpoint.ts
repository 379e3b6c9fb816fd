import type { NodePlopAPI } from 'node-plop';

import { METHODS, type EndpointAnswer } from '../src/answers/answers.ts';
import { withEndpointDefaults } from '../src/answers/endpoints.ts';
import type { AddEndpointAction } from './actions.ts';
import { directoryPrompt } from './prompts.ts';

type Typed = Partial<EndpointAnswer> & { name: string; directory?: string };

/** The generator `endpoint`: adds an endpoint to an existing project. */
export function endpointGenerator(plop: NodePlopAPI): void {
  const text = (name: 'path' | 'action' | 'description', message: string) => ({
    ...{ type: 'input' as const, name, message },
    default: (typed: Typed) => withEndpointDefaults(typed)[name],
  });
  plop.setGenerator('endpoint', {
    description: 'an endpoint in an existing service',
    prompts: [
      directoryPrompt('my-service'),
      { type: 'input', name: 'name', message: 'Name', default: 'backups' },
      { type: 'list', name: 'method', message: 'Method', choices: [...METHODS], default: 'GET' },
      text('path', 'Path'),
      text('action', 'Action that Tsuru grants'),
      text('description', 'Description, in one line'),
    ],
    actions: (typed) => {
      const { directory = '.', ...given } = typed as Typed;
      const add: AddEndpointAction = { type: 'add-endpoint', endpoint: withEndpointDefaults(given), directory };
      return [add];
    },
  });
}
