import * as fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { begin } from '../../src/project/apply.ts';
import { machineOf } from '../../src/project/machine.ts';
import { ExpectedError } from '../../src/errors.ts';

/** A run of its own process: it takes a project, writes to a log when it has it, and holds it for some milliseconds. */
const [project = '', state = '', log = '', held = '0'] = process.argv.slice(2);
const say = (what: string) => {
  fs.appendFileSync(log, `${process.pid} ${what}\n`);
};
try {
  const run = await begin({ fs, stateFolders: [state], machine: machineOf(process) }, project);
  say('in');
  await sleep(Number(held));
  say('out');
  run.end();
} catch (error) {
  process.exitCode = error instanceof ExpectedError ? error.exitCode : 1;
  process.stderr.write(error instanceof Error ? `${error.message}\n` : '');
}
