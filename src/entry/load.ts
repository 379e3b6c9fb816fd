import { createRequire } from 'node:module';
import { compileFunction, constants } from 'node:vm';

import * as archive from '../archive/archive.ts';

const require = createRequire(import.meta.url);
const file = new URL('package.br', import.meta.url);
const loaded = new Map<string, { exports: unknown }>([['./archive.cjs', { exports: archive }]]);
let helping: Sources | undefined;
let packed: Sources | undefined;

/** The source of each module, by its name. */
type Sources = ReadonlyMap<string, () => string>;

/**
 * Loads a module of the package as Node.js loads CommonJS. What the help needs is at the beginning of the archive, the code of the
 * commands further on; what opens the archive is here. Everything else is Node's own.
 */
export function load(name: string): unknown {
  if (!name.startsWith('./')) return require(name);
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  loaded.set(name, module);
  const url = new URL(name, import.meta.url);
  const run = compileFunction(sourceOf(name), ['exports', 'require', 'module', '__filename'], {
    filename: url.href,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  (run as (...parameters: unknown[]) => void)(module.exports, load, module, url.pathname);
  return module.exports;
}

/** @throws Error if the package has no such module */
function sourceOf(name: string): string {
  helping ??= sourcesOf(archive.openBeginning(file));
  const source = helping.get(name) ?? (packed ??= sourcesOf(archive.openArchive(file))).get(name);
  if (source === undefined) throw new Error(`${name} is not in the package`);
  return source();
}

function sourcesOf({ code, expand }: Pick<archive.Archive, 'code' | 'expand'>): Sources {
  const sources = new Map<string, () => string>();
  for (let index = 0; index < code.length; index += 2) {
    const [name, source] = code.slice(index, index + 2);
    if (name && source) sources.set(String(expand(name)), () => String(expand(source)));
  }
  return sources;
}
