import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runInThisContext } from 'node:vm';
import { brotliDecompressSync } from 'node:zlib';

import type { Precompiled } from './handlebars.ts';
import type { Templates } from './plop.ts';

declare const PACKAGE_VERSION: string;

/** The templates in the archive that the build writes beside the bundle. */
export function packedTemplates(): Templates {
  return {
    // There is no such directory: in the package, a render uses only the archive.
    directory: fileURLToPath(beside('./templates')),
    version: PACKAGE_VERSION,
    precompiled: readArchive(beside('./templates.br')),
  };
}

/** Reads an archive of templates, whose parts are separated by NUL: compiled ones first, as an expression. */
export function readArchive(file: URL): Precompiled {
  const [compiled = '', ...plain] = brotliDecompressSync(readFileSync(file)).toString().split('\0');
  const templates: Record<string, Precompiled[string]> = { ...(runInThisContext(compiled) as Precompiled) };
  for (let index = 0; index < plain.length; index += 2) templates[plain[index] ?? ''] = plain[index + 1] ?? '';
  return templates;
}

function beside(path: string): URL {
  return new URL(path, import.meta.url);
}
