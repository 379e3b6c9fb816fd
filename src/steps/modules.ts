import { lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Installs with another package manager than before, which may not touch what that one made: `node_modules` is put aside
 * meanwhile, and comes back when the installation fails. A link is left where it is.
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
