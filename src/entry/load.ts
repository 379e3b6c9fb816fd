import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { compileFunction, constants } from 'node:vm';
import { brotliDecompressSync } from 'node:zlib';

const require = createRequire(import.meta.url);
const loaded = new Map<string, { exports: unknown }>();
let helping: ReadonlyMap<string, string> | undefined;
let packed: ReadonlyMap<string, () => string> | undefined;

/**
 * Loads a module of the package as Node.js loads CommonJS. What the help needs is in a small file that is unpacked at once; the code
 * of the commands is in an archive. Everything else is Node's own.
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
  const source = (helping ??= unpackHelp()).get(name) ?? (packed ??= unpack()).get(name)?.();
  if (source === undefined) throw new Error(`${name} is not in the package`);
  return source;
}

/** @returns the source of each module that the help needs, and of what opens the archive, by its name */
function unpackHelp(): Map<string, string> {
  const parts = String(brotliDecompressSync(readFileSync(new URL('help.br', import.meta.url)))).split('\0');
  return new Map(parts.flatMap((name, index) => (index % 2 === 0 ? [[name, parts[index + 1] ?? '']] : [])));
}

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
