import * as fs from 'node:fs';

import type { FileSystem } from '../../src/engine/apply.ts';

export class Stopped extends Error {}

/** A file system that stops at its n-th call: with an error, like a full disk, or for good, like a process that is killed. */
export function stoppingAt(call: number, how: 'error' | 'kill'): FileSystem & { calls: number } {
  const stopping = { calls: 0 };
  let dead = false;
  return new Proxy(
    { ...fs, ...stopping },
    {
      get(target, name: keyof FileSystem | 'calls') {
        if (name === 'calls') return stopping.calls;
        return (...args: never[]) => {
          if (dead) throw new Stopped();
          if (++stopping.calls === call) {
            dead = how === 'kill';
            throw new Stopped('stopped');
          }
          return (target[name] as (...args: never[]) => unknown)(...args);
        };
      },
    },
  );
}
