import * as fs from 'node:fs';

import type { FileSystem } from '../../src/project/root.ts';

export class Stopped extends Error {
  readonly code: string;
  constructor(code: string) {
    super(`${code}: stopped by the test`);
    this.code = code;
  }
}

/** How it ends: with an error once; with that error from then on, like a full disk; or for good, like a process that is killed. */
export type End = { error: string; isLasting: boolean } | 'kill';

/** A file system that stops at its n-th call. */
export interface Stopping {
  fs: FileSystem;
  /** Its calls so far, as the names of the functions. */
  calls: string[];
  isStopped: () => boolean;
}

/**
 * @param call its number, from 1; Infinity for one that never stops
 * @param end where it is a kill, only calls that change the disk are counted: before any other one, the disk is the same
 */
export function stoppingAt(call: number, end: End, disk: FileSystem = fs): Stopping {
  const calls: string[] = [];
  const stops = (name: string) => {
    if (end !== 'kill' || calls.length >= call || CHANGING.has(name)) calls.push(name);
    if (end !== 'kill' && !end.isLasting) return calls.length === call;
    return calls.length >= call;
  };
  const error = () => new Stopped(end === 'kill' ? 'KILLED' : end.error);
  const wrapped = Object.fromEntries(
    NAMES.map((name) => [
      name,
      (...args: unknown[]): unknown => {
        if (!stops(name)) return (disk[name] as (...all: unknown[]) => unknown)(...args);
        if (name !== 'fsync') throw error();
        // A dead process would never call back; here, everything after it fails.
        (args.at(-1) as (error: Error) => void)(error());
        return undefined;
      },
    ]),
  );
  return { fs: wrapped as unknown as FileSystem, calls, isStopped: () => calls.length >= call };
}

const CHANGING = new Set([
  ...['fchmodSync', 'fchownSync', 'fsync', 'linkSync', 'mkdirSync', 'openSync', 'renameSync'],
  ...['rmdirSync', 'rmSync', 'unlinkSync', 'writeFileSync'],
]);

const NAMES = [
  'closeSync',
  'fchmodSync',
  'fchownSync',
  'fsync',
  'linkSync',
  'lstatSync',
  'mkdirSync',
  'openSync',
  'readdirSync',
  'readFileSync',
  'realpathSync',
  'renameSync',
  'rmdirSync',
  'rmSync',
  'unlinkSync',
  'writeFileSync',
] as const satisfies (keyof FileSystem)[];
