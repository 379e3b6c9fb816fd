import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runInThisContext } from 'node:vm';
import { brotliDecompressSync } from 'node:zlib';

import type { Precompiled } from './handlebars.ts';
import type { Templates } from './plop.ts';
import { expander } from './words.ts';

declare const PACKAGE_VERSION: string;

/** Separates the texts of the compiled templates. */
export const BETWEEN_TEXTS = '\x7f';

/** The templates in the archive that the build writes beside the bundle. */
export function packedTemplates(): Templates {
  return {
    // There is no such directory: in the package, a render uses only the archive.
    directory: fileURLToPath(beside('./templates')),
    version: PACKAGE_VERSION,
    precompiled: readArchive(beside('./templates.br')),
  };
}

/**
 * Reads an archive of templates, whose parts are separated by NUL: the list of the words that are abbreviated in the other
 * parts; the compiled ones, as an expression with `$[]` for each of their texts; these texts; and then path and text of each plain
 * file, which is expanded when it is used.
 */
export function readArchive(file: URL): Precompiled {
  const [list = Buffer.of(), compiled = Buffer.of(), texts = Buffer.of(), ...plain] = partsOf(brotliDecompressSync(readFileSync(file)));
  const expand = expander(list);
  let count = 0;
  const expression = String(expand(compiled)).replaceAll('$[]', () => `$[${count++}]`);
  const templatesWith = runInThisContext(`($) => ${expression}`) as (texts: readonly string[]) => Precompiled;
  const templates: Record<string, Precompiled[string]> = { ...templatesWith(String(expand(texts)).split(BETWEEN_TEXTS)) };
  for (let index = 0; index < plain.length; index += 2) {
    const [path, text] = plain.slice(index, index + 2);
    if (path && text) templates[String(expand(path))] = () => expand(text);
  }
  return templates;
}

function partsOf(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let from = 0, to; from <= bytes.length; from = to + 1) {
    to = bytes.indexOf(0, from);
    if (to === -1) to = bytes.length;
    parts.push(bytes.subarray(from, to));
  }
  return parts;
}

function beside(path: string): URL {
  return new URL(path, import.meta.url);
}
