import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { FRAMEWORKS, type Answers } from '../../src/answers/answers.ts';
import { render } from '../../src/render/render.ts';
import { answersWith, templates } from '../support/answers.ts';

const root = join(fileURLToPath(import.meta.url), '../../..');

const EXAMPLES: readonly { example: string; answers: Partial<Answers> }[] = [
  ...FRAMEWORKS.map((framework) => ({ example: framework, answers: { framework } })),
  { example: 'postgres', answers: { framework: 'fastify', backend: 'postgres', store: 'postgres' } },
];

/** `npx vitest run test/render/examples.test.ts --update` writes them anew. */
describe.each(EXAMPLES)('examples/$example', ({ example, answers }) => {
  const directory = join(root, 'examples', example);

  it('is what the program writes', async () => {
    const tree = await render(
      answersWith({ ...answers, name: `${example}-service`, packageManager: 'npm' }),
      templates,
    );
    for (const [path, { content }] of tree) await expect(content.toString()).toMatchFileSnapshot(join(directory, path));
    const there = existsSync(directory) ? readdirSync(directory, { recursive: true, encoding: 'utf8' }) : [];
    const files = there
      .filter((path) => statSync(join(directory, path)).isFile())
      .map((path) => path.replaceAll('\\', '/'));
    expect(files.sort()).toEqual([...tree.keys()]);
  });
});
