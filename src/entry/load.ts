import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { compileFunction, constants } from 'node:vm';

const require = createRequire(import.meta.url);
const loaded = new Map<string, { exports: unknown }>();
let packed: ReadonlyMap<string, () => string> | undefined;

/**
 * Loads a module of the package as Node.js loads CommonJS. What the help needs is a file of its own; the code of the commands is in
 * an archive, which takes a sixth less room than files in the tarball. Everything else is Node's own.
 */
export function load(name: string): unknown {
  if (!name.startsWith('./')) return require(name);
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  loaded.set(name, module);
  const url = new URL(name, import.meta.url);
  const run = compileFunction(sourceOf(name, url), ['exports', 'require', 'module', '__filename'], {
    filename: url.href,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  (run as (...parameters: unknown[]) => void)(module.exports, load, module, url.pathname);
  return module.exports;
}

function sourceOf(name: string, url: URL): string {
  const source = PLAIN.includes(name) ? undefined : (packed ??= unpack()).get(name);
  return source?.() ?? readFileSync(url, 'utf8');
}

/** The modules that are files. */
declare const PLAIN: readonly string[];

/** @returns the source of each module in the archive, by its name */
function unpack(): Map<string, () => string> {
  const { openArchive } = load('./archive.cjs') as typeof import('../archive/archive.ts');
  const { code, expand } = openArchive(new URL('package.br', import.meta.url));
  const sources = new Map<string, () => string>();
  for (let index = 0; index < code.length; index += 2) {
    const [name = Buffer.of(), source = Buffer.of()] = code.slice(index, index + 2);
    sources.set(String(expand(name)), () => String(expand(source)));
  }
  return sources;
}
