import type { NodePlopAPI } from 'node-plop';

import type { Answers } from '../src/answers/answers.ts';
import { QUESTIONS, withDefaults } from '../src/answers/questions.ts';
import type { RenderAction, WriteAction } from './actions.ts';
import { directoryPrompt, PRESETS, promptFor } from './prompts.ts';

/** The generator `service`: a whole project, composed of the layers that the answers select. */
export function serviceGenerator(plop: NodePlopAPI): void {
  plop.setGenerator('service', {
    description: 'a complete Tsuru service API',
    prompts: [directoryPrompt(PRESETS.directory), ...QUESTIONS.map(promptFor)],
    actions: (typed = {}) => {
      const { directory = PRESETS.directory, ...given } = typed as Partial<Answers> & { directory?: string };
      const answers = withDefaults(given, { ...PRESETS, directory });
      const write: WriteAction = { type: 'write', answers, directory };
      return [...layersOf(answers), write];
    },
  });
}

function layersOf(answers: Answers): RenderAction[] {
  const { framework, backend, store, packageManager, endpoints } = answers;
  const layers = [
    'base',
    framework,
    `backend-${backend}`,
    `store-${store}`,
    ...(backend === 'postgres' || store === 'postgres' ? ['embedded-postgres'] : []),
    ...(packageManager === 'yarn' ? ['yarn'] : []),
    'secret',
  ];
  return [
    ...layers.map((layer) => ({ type: 'render' as const, layer, answers })),
    ...endpoints.map((endpoint) => ({ type: 'render' as const, layer: 'endpoint', answers, endpoint })),
  ];
}
