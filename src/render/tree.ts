import type { FileClass } from './classes.ts';

/** A file of a project, in memory. */
export interface TreeFile {
  content: Buffer;
  fileClass: FileClass;
  /** Permission bits. */
  mode: number;
}

/** Files by their path in the project, separated by `/`, in the order of their paths. */
export type Tree = ReadonlyMap<string, TreeFile>;

/** Sorts files by their path. */
export function toTree(files: Iterable<readonly [string, TreeFile]>): Tree {
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}
