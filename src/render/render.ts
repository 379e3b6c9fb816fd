import nodePlop from 'node-plop';

import type { Answers } from '../answers/answers.ts';
import { setUpPlop, type Rendered, type Templates } from './plop.ts';
import type { Tree } from './tree.ts';

/**
 * Renders a whole project, without the secret files. It depends only on the templates and the answers, so the same answers
 * give the same bytes.
 * @throws Error that names the template, when it cannot be rendered or its path is outside of the project
 */
export async function render(answers: Answers, templates: Templates): Promise<Tree> {
  return (await runPlop(answers, templates)).rendered;
}

/** Renders a whole project; its secret files, `.env` and `manifest.yaml`, contain the password and have the mode 0600. */
export function renderWithSecrets(answers: Answers, password: string, templates: Templates): Promise<Rendered> {
  return runPlop(answers, templates, password);
}

async function runPlop(answers: Answers, templates: Templates, password?: string): Promise<Rendered> {
  // Plop looks for a package.json in this directory; the templates have none.
  const plop = await nodePlop('', { destBasePath: templates.directory, force: false });
  let project: Rendered | undefined;
  const keep = (rendered: Rendered) => {
    project = rendered;
    return '';
  };
  setUpPlop(plop, templates, keep, password);
  const { failures } = await plop.getGenerator('service').runActions(answers);
  // Plop collects failures instead of throwing.
  const [failure] = failures;
  if (failure !== undefined || project === undefined) {
    throw new Error(`the templates cannot be rendered: ${failure?.error ?? 'the generator writes nothing'}`);
  }
  return project;
}
