import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { NodePlopAPI } from 'node-plop';

import { renderLayer } from '../src/render/render.ts';
import { compiler } from '../src/render/handlebars.ts';
import { withDefaults } from '../src/answers/questions.ts';
import { contextOf } from '../src/render/context.ts';
import type { RenderAction } from './index.ts';

/**
 * Says what the action `render` does when plop runs the generators by itself: it writes each file of the layer into a
 * directory with the name of the service, and fails where there is one already.
 */
export function writeWithPlop(plop: NodePlopAPI): void {
  const root = plop.getPlopfilePath();
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const fill = compiler();
  plop.setActionType('render', async (typed: object, config) => {
    const answers = withDefaults(typed, { directory: 'my-service', packageManager: 'npm' });
    const { layer, data } = config as unknown as RenderAction;
    const context = { ...contextOf(answers, version), ...data };
    const directory = join(plop.getDestBasePath(), answers.name);
    for (const [path, content] of renderLayer(join(root, 'templates', layer), context, fill)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), content, { flag: 'wx' });
    }
    return Promise.resolve(`${layer} into ${directory}`);
  });
}
