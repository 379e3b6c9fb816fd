import type { ActionType, NodePlopAPI } from 'node-plop';

import { FRAMEWORKS, type Answers } from '../src/answers/answers.ts';
import { withDefaults } from '../src/answers/questions.ts';
import { endpointContext } from '../src/render/context.ts';

/** What every template is filled with beside the answers of the generator. */
export interface RenderAction {
  type: 'render';
  /** The folder of `templates/` to render. */
  layer: string;
  /** Put over the context, such as the endpoint that the layer is for. */
  data?: object;
}

/**
 * The generators: which layers of templates make a project of which answers. They are ordinary plop generators whose
 * actions are of the type `render`; whoever runs them says what that does, so the same generators fill a tree in memory
 * and, by `npx plop`, a directory.
 */
export default function generators(plop: NodePlopAPI): void {
  plop.setGenerator('service', {
    description: 'a Tsuru service API, whole',
    prompts: [
      { type: 'input', name: 'name', message: 'Service id', default: 'my-service' },
      { type: 'list', name: 'framework', message: 'Framework', choices: [...FRAMEWORKS] },
    ],
    actions: (answers) =>
      serviceLayers(withDefaults(answers as Partial<Answers>, { directory: 'my-service', packageManager: 'npm' })),
  });
  plop.setGenerator('secret', {
    description: 'the files of a service API that hold its password',
    prompts: [],
    actions: [{ type: 'render', layer: 'secret' }] as unknown as ActionType[],
  });
}

function serviceLayers({ name, framework, backend, packageManager, endpoints }: Answers): RenderAction[] {
  return [
    { type: 'render', layer: 'base' },
    { type: 'render', layer: framework },
    { type: 'render', layer: `backend-${backend}` },
    ...(packageManager === 'yarn' ? [{ type: 'render' as const, layer: 'yarn' }] : []),
    ...endpoints.map((endpoint) => ({
      type: 'render' as const,
      layer: 'endpoint',
      data: { ...endpointContext(endpoint), service: name },
    })),
  ];
}
