import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { TestProject } from 'vitest/node';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

declare module 'vitest' {
  interface ProvidedContext {
    /** The tarball that `npm pack` made. */
    tarball: string;
    /** The command line, installed from that tarball as a user would have it. */
    bin: string;
    /** A newer Node than the one that runs the tests. */
    newerNode: string;
  }
}

/** The package as its users have it, in a directory of its own. */
export interface Packed {
  /** The tarball that `npm pack` made. */
  tarball: string;
  /** The command line, installed from that tarball. */
  bin: string;
}

/** Packs the package and installs it below an empty directory. */
export function installPacked(scratch: string): Packed {
  const packed = JSON.parse(npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', scratch)) as unknown;
  const [{ filename }] = Object.values(packed as Record<string, { filename: string }>) as [{ filename: string }];
  const tarball = join(scratch, filename);
  npm(join(scratch, 'installed'), 'install', '--no-save', '--prefix', '.', tarball);
  return { tarball, bin: join(scratch, 'installed/node_modules/.bin/create-tsuru-service') };
}

/** Packs the package once, installs it into an empty directory, and fetches a newer Node beside it. */
export default function setup(project: TestProject): () => void {
  const scratch = mkdtempSync(join(tmpdir(), 'create-tsuru-service-packed-'));
  const { tarball, bin } = installPacked(scratch);
  npm(join(scratch, 'node'), 'install', '--no-save', '--prefix', '.', 'node@24');
  project.provide('tarball', tarball);
  project.provide('bin', bin);
  project.provide('newerNode', join(scratch, 'node/node_modules/.bin/node'));
  return () => {
    rmSync(scratch, { recursive: true, force: true });
  };
}

function npm(directory: string, ...args: string[]): string {
  mkdirSync(directory, { recursive: true });
  return execFileSync('npm', args, { cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
