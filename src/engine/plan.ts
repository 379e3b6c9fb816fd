import type { Tree } from './tree.ts';

/** What stands in the way of a new project in a directory. */
export interface Obstacles {
  /** Files that a render would write and that are there already. */
  collisions: string[];
  /** What else is there and is not one of those that every directory may have. */
  others: string[];
}

/** Names that a directory may have and still count as empty: version control, a licence, traces of editors and systems. */
const HARMLESS =
  /^(\.git|\.gitattributes|\.gitkeep|\.hg|\.idea|\.vscode|\.fleet|\.DS_Store|Thumbs\.db|desktop\.ini|LICEN[CS]E(\.\w+)?|.*\.iml|npm-debug\.log|.*~)$/i;

/**
 * Compares a render with a directory that should be as good as empty.
 * @param names what the directory holds, its first level only
 * @param exists whether the directory has a file at a path
 */
export function obstacles(rendered: Tree, names: readonly string[], exists: (path: string) => boolean): Obstacles {
  return {
    collisions: [...rendered.keys()].filter(exists),
    others: names.filter((name) => !HARMLESS.test(name) && !rendered.has(name)),
  };
}
