import { lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Installs with a new package manager, which may refuse to touch the `node_modules` of the old one: that directory is moved
 * away first, and moved back if the installation fails. A symbolic link is left in place.
 * @param aside a directory in the project that does not exist
 */
export async function withFreshModules(
  directory: string,
  aside: string,
  install: () => Promise<void>,
): Promise<void> {
  const modules = join(directory, 'node_modules');
  if (lstatSync(modules, { throwIfNoEntry: false })?.isDirectory() !== true) {
    await install();
    return;
  }
  const old = join(directory, aside, 'node_modules');
  mkdirSync(join(directory, aside), { recursive: true });
  renameSync(modules, old);
  try {
    await install();
  } catch (error) {
    rmSync(modules, { recursive: true, force: true });
    renameSync(old, modules);
    throw error;
  } finally {
    rmSync(join(directory, aside), { recursive: true, force: true });
  }
}
