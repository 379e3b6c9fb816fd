import { ExpectedError } from '../errors.ts';
import { importsOfMoved } from './moves.ts';
import type { Root } from './root.ts';

/**
 * The moved files that the user's own tests import by their old paths. The tests are read only for this, and only in a
 * project of an earlier version.
 * @param moves new path, by old path
 */
export function importedInTests(root: Root, moves: ReadonlyMap<string, string>): Set<string> {
  const own = modulesIn(root, 'test').filter((path) => !moves.has(path));
  return new Set(
    own.flatMap((path) => {
      const code = tolerant(() => root.read(path))?.content.toString() ?? '';
      return importsOfMoved(code, path, moves);
    }),
  );
}

function modulesIn(root: Root, folder: string): string[] {
  return (tolerant(() => root.list(folder)) ?? []).flatMap((name) => {
    const path = `${folder}/${name}`;
    const found = tolerant(() => root.look(path));
    if (found?.isDirectory() === true) return name === 'node_modules' ? [] : modulesIn(root, path);
    return found !== undefined && /\.[cm]?[jt]sx?$/.test(name) ? [path] : [];
  });
}

/** Skips symbolic links and files that are too large. */
function tolerant<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof ExpectedError) return undefined;
    throw error;
  }
}
