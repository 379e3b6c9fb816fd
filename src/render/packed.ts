import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';

import type { Precompiled } from './handlebars.ts';
import type { Templates } from './plop.ts';

declare const PACKAGE_VERSION: string;

/**
 * The templates as the build writes them beside the bundle: compiled ones as a module; plain files in one archive, each text
 * after its path, with NUL between.
 */
export async function packedTemplates(): Promise<Templates> {
  const compiled = (await import(beside('./templates.js').href)) as { default: Precompiled };
  const archive = brotliDecompressSync(readFileSync(beside('./templates.br'))).toString().split('\0');
  const plain: Record<string, string> = {};
  for (let index = 0; index < archive.length; index += 2) plain[archive[index] ?? ''] = archive[index + 1] ?? '';
  return {
    // Nothing is there: a render takes everything from the two.
    directory: fileURLToPath(beside('./templates')),
    version: PACKAGE_VERSION,
    precompiled: { ...compiled.default, ...plain },
  };
}

function beside(path: string): URL {
  return new URL(path, import.meta.url);
}
