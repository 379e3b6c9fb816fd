import { fileURLToPath } from 'node:url';
import { runInThisContext } from 'node:vm';

import { openArchive } from '../archive/archive.ts';
import type { Precompiled } from './handlebars.ts';
import type { Templates } from './plop.ts';

declare const PACKAGE_VERSION: string;

/** Separates the texts of the compiled templates. */
export const BETWEEN_TEXTS = '\x7f';

/** The templates in the archive that the build writes beside the bundle. */
export function packedTemplates(): Templates {
  return {
    // There is no such directory: in the package, a render uses only the archive.
    directory: fileURLToPath(beside('./templates')),
    version: PACKAGE_VERSION,
    precompiled: readArchive(beside('./package.br')),
  };
}

/**
 * Reads the templates in an archive: the compiled ones, as an expression with `$[]` for each of their texts; these texts; and then path
 * and text of each plain file, which is expanded when it is used.
 */
export function readArchive(file: URL): Precompiled {
  const { templates: packed, expand } = openArchive(file);
  const [compiled = Buffer.of(), texts = Buffer.of(), ...plain] = packed;
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

function beside(path: string): URL {
  return new URL(path, import.meta.url);
}
