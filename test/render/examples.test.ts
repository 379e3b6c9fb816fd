import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { FRAMEWORKS } from '../../src/answers/answers.ts';
import { render } from '../../src/render/render.ts';
import { answersWith, templates } from '../support/answers.ts';

const root = join(fileURLToPath(import.meta.url), '../../..');

/** `npx vitest run test/render/examples.test.ts --update` writes them anew. */
describe.each(FRAMEWORKS)('examples/%s', (framework) => {
  const directory = join(root, 'examples', framework);

  it('is what the program writes', async () => {
    const tree = await render(
      answersWith({ framework, name: `${framework}-service`, packageManager: 'npm' }),
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
