import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

import nodePlop from 'node-plop';

import { classOf } from './classes.ts';
import { contextOf } from './context.ts';
import generators, { type RenderAction } from '../../generators/index.ts';
import type { Answers } from '../answers/answers.ts';
import { compiler, type Fill, type Precompiled } from './handlebars.ts';
import { toTree, type Tree, type TreeFile } from './tree.ts';

/** Where the templates are and which version they have: what a render needs beside the answers. */
export interface Templates {
  /** The directory that holds the layers. */
  directory: string;
  version: string;
  precompiled?: Precompiled;
}

/**
 * Renders a whole project, without the files that hold a secret. It reads nothing but the templates, so the same
 * answers give the same bytes.
 *
 * @throws Error that names the template, when one cannot be filled or a path leaves the project
 */
export function render(answers: Answers, templates: Templates): Promise<Tree> {
  return run('service', answers, templates, {});
}

/** Renders the files that hold the password: `.env` and `manifest.yaml`, for their owner only. */
export async function renderSecrets(answers: Answers, password: string, templates: Templates): Promise<Tree> {
  const tree = await run('secret', answers, templates, { password });
  return toTree([...tree].map(([path, file]) => [path, { ...file, mode: 0o600 }]));
}

async function run(
  name: 'service' | 'secret',
  answers: Answers,
  { directory, version, precompiled }: Templates,
  more: object,
): Promise<Tree> {
  const context = { ...contextOf(answers, version), ...more };
  const files = new Map<string, TreeFile>();
  // The directory is where plop looks for a package.json to read: there is none among the templates.
  const plop = await nodePlop('', { destBasePath: directory, force: false });
  generators(plop);
  const filler = compiler(precompiled);
  const fill: Fill = (file, template, data) => filler(relative(directory, file).replaceAll(sep, '/'), template, data);
  // What an action throws at once plop hands on as it is; only a rejection becomes a failure with a text.
  plop.setActionType('render', async (data: object, config) => {
    const { layer, data: over } = config as unknown as RenderAction;
    const compiled = Object.keys(precompiled ?? {}).flatMap((path) =>
      path.startsWith(`${layer}/`) ? [path.slice(layer.length + 1)] : [],
    );
    for (const [path, content] of renderLayer(join(directory, layer), { ...data, ...over }, fill, compiled)) {
      if (files.has(path)) throw new Error(`two layers of templates write ${path}`);
      files.set(path, { content, fileClass: classOf(path), mode: 0o644 });
    }
    return Promise.resolve(layer);
  });
  // Plop reports what failed and goes on as if nothing had.
  const { failures } = await plop.getGenerator(name).runActions(context);
  const [failure] = failures;
  if (failure) throw new Error(`the templates cannot be rendered: ${failure.error}`);
  return toTree(files);
}

/**
 * Every file of a layer, filled. `_` at the start of a name stands for `.`, which npm would leave out of the package.
 * @param compiled templates that need not be on the disk, by their paths in the layer
 */
export function* renderLayer(
  directory: string,
  data: object,
  fill: Fill,
  compiled: readonly string[] = [],
): IterableIterator<[string, Buffer]> {
  const onDisk = existsSync(directory) ? readdirSync(directory, { recursive: true, withFileTypes: true }) : [];
  const files = onDisk
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).replaceAll(sep, '/'));
  for (const file of [...new Set([...files, ...compiled])].sort()) {
    const source = join(directory, file);
    const target = targetPath(file.replace(/(^|\/)_/g, '$1.'), data);
    if (!file.endsWith('.hbs')) {
      yield [target, readFileSync(source)];
    } else {
      const template = compiled.includes(file) ? '' : readFileSync(source, 'utf8');
      yield [target, Buffer.from(fill(source, template, data))];
    }
  }
}

/** Where a template goes: `[key]` in its path is what the data has under that key. @throws Error when that leaves the project */
export function targetPath(template: string, data: object): string {
  const path = template
    .replace(/\.hbs$/, '')
    .replace(/\[(\w+)\]/g, (_, key: string) => String((data as Record<string, unknown>)[key]));
  const parts = path.split('/');
  if (
    path.includes('\\') ||
    path.includes('\0') ||
    parts.some((part) => part === '' || part === '.' || part === '..')
  ) {
    throw new Error(`the template ${template} would be written outside the project, to ${path}`);
  }
  return path;
}
