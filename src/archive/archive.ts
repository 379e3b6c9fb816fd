import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';

import { expander } from './words.ts';

/** Texts that the build packed together. */
export interface Archive {
  /** Each text, in which frequent words are still abbreviated. */
  texts: Buffer[];
  /** The text as it was. */
  expand: (text: Uint8Array) => Buffer;
}

/** Opens an archive that the build wrote: texts that are separated by NUL, of which the first is the list of the abbreviated words. */
export function openArchive(file: URL): Archive {
  const [list = Buffer.of(), ...texts] = partsOf(brotliDecompressSync(readFileSync(file)));
  return { texts, expand: expander(list) };
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
