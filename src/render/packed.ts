import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';

import type { Precompiled } from './handlebars.ts';
import type { Templates } from './plop.ts';

declare const PACKAGE_VERSION: string;

/**
 * The templates that the build writes beside the bundle: compiled ones as a module, and plain files in one archive of paths
 * and texts, separated by NUL.
 */
export async function packedTemplates(): Promise<Templates> {
  const compiled = (await import(beside('./templates.js').href)) as { default: Precompiled };
  const archive = brotliDecompressSync(readFileSync(beside('./templates.br'))).toString().split('\0');
  const plain: Record<string, string> = {};
  for (let index = 0; index < archive.length; index += 2) plain[archive[index] ?? ''] = archive[index + 1] ?? '';
  return {
    // There is no such directory: in the package, a render uses only the module and the archive.
    directory: fileURLToPath(beside('./templates')),
    version: PACKAGE_VERSION,
    precompiled: { ...compiled.default, ...plain },
  };
}

function beside(path: string): URL {
  return new URL(path, import.meta.url);
}
