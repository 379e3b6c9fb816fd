import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

import type { NodePlopAPI } from 'node-plop';

import type { RenderAction, WriteAction } from '../../generators/actions.ts';
import { endpointGenerator } from '../../generators/endpoint.ts';
import { serviceGenerator } from '../../generators/service.ts';
import { classOf } from './classes.ts';
import { contextOf, endpointContext } from './context.ts';
import { fillWith, HELPERS, type Fill, type Precompiled } from './handlebars.ts';
import { toTree, type Tree, type TreeFile } from './tree.ts';

/** The templates, and the version of this package. */
export interface Templates {
  /** The directory that holds the layers. */
  directory: string;
  version: string;
  precompiled?: Precompiled;
}

/** A rendered project; `secrets` holds `.env` and `manifest.yaml`, and is empty without a password. */
export interface Rendered {
  rendered: Tree;
  secrets: Tree;
}

/** Receives a rendered project. @returns the text that plop shows */
export type Write = (project: Rendered, action: WriteAction) => string | Promise<string>;

/**
 * Sets up a plop with our generators, their helpers, and their actions `render` and `write`. Unlike plop's own `add` and
 * `addMany`, these refuse paths outside of the project, support dotfiles that npm would not pack, use strict templates, and
 * write nothing before everything is rendered.
 * @param password for the secret files; without one they are not rendered
 */
export function setUpPlop(plop: NodePlopAPI, templates: Templates, write: Write, password?: string): void {
  for (const [name, helper] of Object.entries(HELPERS)) plop.setHelper(name, helper);
  const filler = fillWith(plop, templates.precompiled);
  const fill: Fill = (file, template, data) =>
    filler(relative(templates.directory, file).replaceAll(sep, '/'), template, data);
  const [rendered, secrets] = [new Map<string, TreeFile>(), new Map<string, TreeFile>()];
  // Async, as plop reports only a rejected promise as a failure.
  plop.setActionType('render', async (_data, config) => {
    const { layer, answers, endpoint } = config as unknown as RenderAction;
    const isSecret = layer === 'secret';
    if (isSecret && password === undefined) return Promise.resolve('');
    const data = {
      ...contextOf(answers, templates.version),
      ...(isSecret && { password }),
      ...(endpoint && { ...endpointContext(endpoint, answers.name), service: answers.name }),
    };
    for (const [path, content] of renderLayer(templates, layer, data, fill)) {
      if (rendered.has(path) || secrets.has(path)) throw new Error(`two layers of templates write ${path}`);
      const file = { content, fileClass: classOf(path), mode: isSecret ? 0o600 : 0o644 };
      (isSecret ? secrets : rendered).set(path, file);
    }
    return Promise.resolve(layer);
  });
  plop.setActionType('write', async (_data, config) =>
    write({ rendered: toTree(rendered), secrets: toTree(secrets) }, config as unknown as WriteAction),
  );
  serviceGenerator(plop);
  endpointGenerator(plop);
}

/** Renders every file of a layer. A leading `_` in a name stands for `.`: npm does not pack some dotfiles. */
function* renderLayer(
  { directory, precompiled = {} }: Templates,
  layer: string,
  data: object,
  fill: Fill,
): IterableIterator<[string, Buffer]> {
  const root = join(directory, layer);
  const onDisk = existsSync(root) ? readdirSync(root, { recursive: true, withFileTypes: true }) : [];
  const files = onDisk
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll(sep, '/'));
  // In the package, the templates are not separate files.
  const packed = Object.keys(precompiled).flatMap((path) =>
    path.startsWith(`${layer}/`) ? [path.slice(layer.length + 1)] : [],
  );
  for (const file of [...new Set([...files, ...packed])].sort()) {
    const source = join(root, file);
    const target = targetPath(file.replace(/(^|\/)_/g, '$1.'), data);
    const isPacked = packed.includes(file);
    if (!isPacked && !file.endsWith('.hbs')) {
      yield [target, readFileSync(source)];
    } else {
      const template = isPacked ? '' : readFileSync(source, 'utf8');
      yield [target, Buffer.from(fill(source, template, data))];
    }
  }
}

/** The path for a template, with each `[key]` replaced by its value. @throws Error when it is outside of the project */
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
