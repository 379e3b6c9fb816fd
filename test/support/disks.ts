import * as fs from 'node:fs';
import { dirname, join } from 'node:path';

import type { FileSystem } from '../../src/project/root.ts';
import { machineOf } from '../../src/project/machine.ts';
import { filesBelow } from './cli.ts';
import { Stopped } from './stopping.ts';

/** The machine that the tests run on. */
export const machine = machineOf(process);

/** Every file below a directory, with its content as Latin-1, sorted; without the claims of runs, which the next one removes. */
export function textsBelow(directory: string): Record<string, string> {
  if (!fs.existsSync(directory)) return {};
  const paths = filesBelow(directory).filter((path) => !path.startsWith('.tsuru-service/running-'));
  return Object.fromEntries(paths.map((path) => [path, fs.readFileSync(join(directory, path), 'latin1')]));
}

/** Makes a directory have those files and no others. */
export function fill(directory: string, texts: Record<string, string>): void {
  fs.rmSync(directory, { recursive: true, force: true });
  fs.mkdirSync(directory, { recursive: true });
  for (const [path, text] of Object.entries(texts)) {
    fs.mkdirSync(dirname(join(directory, path)), { recursive: true });
    fs.writeFileSync(join(directory, path), text, 'latin1');
  }
}

/** A file system that has no hard links, and says so in one of the ways that there are. */
export function withoutLinks(code: string): FileSystem {
  return {
    ...fs,
    linkSync: () => {
      throw new Stopped(code);
    },
  };
}

/** A file system that lets something else happen right before its n-th call. */
export function interrupted(call: number, meanwhile: () => void): FileSystem & { calls: () => number } {
  let calls = 0;
  const wrapped = Object.fromEntries(
    Object.entries(fs)
      .filter(([, value]) => typeof value === 'function')
      .map(([name, value]) => [
        name,
        (...args: unknown[]) => {
          if (++calls === call) meanwhile();
          return (value as (...all: unknown[]) => unknown)(...args);
        },
      ]),
  );
  return { ...(wrapped as unknown as FileSystem), calls: () => calls };
}
