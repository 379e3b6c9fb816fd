import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

import { RECORD } from '../answers/answers.ts';
import { ExpectedError, messageOf, unreadable } from '../errors.ts';
import { rootOf } from './open.ts';

/** The variables of a service, from this process or from its `.env`. */
export type Variables = Record<string, string | undefined>;

/** Whether a directory is a generated project. */
export function hasRecord(directory: string): boolean {
  return existsSync(join(directory, RECORD));
}

/** The variables as the service has them: those of this process come first. */
export function variablesIn(directory: string, environment: NodeJS.ProcessEnv): Variables {
  return { ...parseEnv(textIn(directory, '.env') ?? ''), ...environment };
}

/** Follows no link but that of `.env`, which stays here: others would be published. @returns undefined if there is no such file */
export function textIn(directory: string, path: string): string | undefined {
  try {
    if (path === '.env') return readFileSync(join(directory, path), 'utf8');
    return rootOf(directory).read(path)?.content.toString();
  } catch (error) {
    if (error instanceof ExpectedError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unreadable(`${path} cannot be read: ${messageOf(error)}.`, 'Correct it.');
  }
}
