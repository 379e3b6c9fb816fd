import { ExpectedError } from '../errors.ts';
import { importsOfMoved } from './moves.ts';
import type { Root } from './root.ts';

/**
 * The moved files that the owner's own tests import by their old paths. The owner's tests are read for nothing else, and only
 * in a project of an earlier version.
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

/** A link, or a file that is too large, imports nothing: it is not looked into. */
function tolerant<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof ExpectedError) return undefined;
    throw error;
  }
}
