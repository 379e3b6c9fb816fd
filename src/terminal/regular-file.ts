import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/** Bytes of a file that is written by hand. */
const LARGEST = 64 * 1024;

/** Undefined on Windows. */
const { O_NONBLOCK = 0 } = constants as Partial<typeof constants>;

/**
 * Reads a regular file as UTF-8: it never waits, as a pipe would let it.
 * @param largest bytes
 * @param flags for opening it, besides
 * @throws Error for anything else than a regular file, and for one that is larger; Node's own error if it cannot be opened
 */
export function readRegularFile(path: string, largest = LARGEST, flags = 0): string {
  const file = openSync(path, constants.O_RDONLY | O_NONBLOCK | flags);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Error(`it is a ${stats.isFIFO() ? 'pipe' : stats.isDirectory() ? 'directory' : 'device'}, not a regular file`);
    if (stats.size > largest) throw new Error(`it has more than ${largest} bytes`);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}
