import { spawnSync } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';

import { online } from './cli.ts';

/** Characters of an error. A log of CI is read from its end, and its end should show every failure. */
const SHOWN = 4000;

/**
 * Runs npm in a project.
 * @returns what it printed, without colour
 * @throws an error with the failures that Vitest found, or the end of what was printed
 */
export function npmRun(project: string, ...args: string[]): string {
  const { status, signal, stdout, stderr } = spawnSync('npm', args, {
    cwd: project,
    encoding: 'utf8',
    env: online(),
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === 0) return stripVTControlCharacters(stdout);
  const said = stripVTControlCharacters(`${stdout}\n${stderr}`);
  const failures = /⎯+ (?:Failed Suites|Failed Tests|Unhandled Errors)[^]*/.exec(said)?.[0].slice(0, SHOWN);
  const error = new Error(`npm ${args.join(' ')} ended with ${status ?? signal}:\n${failures ?? said.slice(-SHOWN)}`);
  // Vitest would print the source lines of every stack in the message.
  error.stack = error.message;
  throw error;
}
