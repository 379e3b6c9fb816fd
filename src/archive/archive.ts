import { readFileSync } from 'node:fs';
import { brotliDecompressSync, constants } from 'node:zlib';

import { expander } from './words.ts';

/** What the build packed together, in which frequent words are still abbreviated. */
export interface Archive {
  /** Of the page and of each module: its name and its text, in turn. */
  code: Buffer[];
  /** The compiled templates, their texts, and then path and text of each plain one. */
  templates: Buffer[];
  /** The text as it was. */
  expand: (text: Uint8Array) => Buffer;
}

/**
 * Opens the archive that the build wrote: texts that are separated by NUL, of which the first is the list of the abbreviated words,
 * and an empty one divides code and templates.
 */
export function openArchive(file: URL): Archive {
  const known = opened.get(file.href);
  if (known !== undefined) return known;
  const [list = Buffer.of(), ...texts] = partsOf(brotliDecompressSync(readFileSync(file), { chunkSize: SIZE }));
  const divider = texts.findIndex(({ length }) => length === 0);
  const archive = { code: texts.slice(0, divider), templates: texts.slice(divider + 1), expand: expander(list) };
  opened.set(file.href, archive);
  return archive;
}

/**
 * Opens the beginning of the archive, in a fraction of the time: the modules that the help needs, which the build puts first.
 */
export function openBeginning(file: URL): Pick<Archive, 'code' | 'expand'> {
  const bytes = readFileSync(file).subarray(0, BEGINNING);
  const [list = Buffer.of(), ...texts] = partsOf(brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH }));
  // The last text is cut off.
  return { code: texts.slice(0, -1), expand: expander(list) };
}

/** Packed bytes in which all is that the help needs; the build checks it. */
const BEGINNING = 24_576;

/** Code and templates are asked for one after the other. */
const opened = new Map<string, Archive>();

/** Bytes that are unpacked at once: about all. */
const SIZE = 1_048_576;

function partsOf(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let from = 0, to; from <= bytes.length; from = to + 1) {
    to = bytes.indexOf(0, from);
    if (to === -1) to = bytes.length;
    parts.push(bytes.subarray(from, to));
  }
  return parts;
}
