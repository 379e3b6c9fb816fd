import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';

import type { Precompiled } from './handlebars.ts';
import type { Templates } from './plop.ts';

declare const PACKAGE_VERSION: string;

/** The templates as the build writes them beside the bundle: compiled ones as a module, plain files as one archive. */
export async function packedTemplates(): Promise<Templates> {
  const compiled = (await import(beside('./templates.js').href)) as { default: Precompiled };
  const plain = brotliDecompressSync(readFileSync(beside('./templates.json.br'))).toString();
  return {
    // Nothing is there: a render takes everything from the two.
    directory: fileURLToPath(beside('./templates')),
    version: PACKAGE_VERSION,
    precompiled: { ...compiled.default, ...(JSON.parse(plain) as Record<string, string>) },
  };
}

function beside(path: string): URL {
  return new URL(path, import.meta.url);
}
