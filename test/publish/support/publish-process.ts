import * as nodeFileSystem from 'node:fs';

import { publish } from '../../../src/commands/publish.ts';
import { ExpectedError } from '../../../src/errors.ts';
import type { FileSystem } from '../../../src/project/root.ts';
import { newPassword } from '../../../src/project/new.ts';
import { terminalOf } from '../../../src/terminal/terminal.ts';
import { machine } from '../../support/disks.ts';

/** A publish of its own process, which kills itself right before or after the n-th file that takes the place of another. */
const [directory = '', when = '', number = '0'] = process.argv.slice(2);
let renames = 0;
const kill = () => {
  process.kill(process.pid, 'SIGKILL');
  // The signal may take a moment.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
};
const fs: FileSystem = {
  ...nodeFileSystem,
  renameSync(from, to) {
    const isLast = ++renames === Number(number);
    if (isLast && when === 'before') kill();
    nodeFileSystem.renameSync(from, to);
    if (isLast && when === 'after') kill();
  },
};
try {
  process.exitCode = await publish({
    ...{ argv: ['--rotate-password'], cwd: directory, environment: process.env, machine, fs, pace: { patience: 60_000, pause: 5 } },
    terminal: terminalOf(process.stdout, process.stderr, process.env),
    newPassword: () => Promise.resolve(newPassword()),
    signal: new AbortController().signal,
  });
} catch (error) {
  if (!(error instanceof ExpectedError)) throw error;
  process.exitCode = error.exitCode;
  process.stderr.write(`${error.message}\n${error.hint}\n`);
}
