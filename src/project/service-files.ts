import * as nodeFileSystem from 'node:fs';
import { existsSync, lstatSync } from 'node:fs';
import { join, sep } from 'node:path';
import { parseEnv } from 'node:util';

import { RECORD, type Answers } from '../answers/answers.ts';
import { readRecord } from '../answers/record.ts';
import { ExpectedError, messageOf, unreadable } from '../errors.ts';
import { readRegularFile } from '../terminal/regular-file.ts';
import { readManifest } from '../terminal/service-access.ts';
import { parseManifest, withPassword, type Manifest, type ManifestProblem } from '../tsuru/manifest.ts';
import { projectAround, rootOf } from './open.ts';
import { codeOf, type FileSystem } from './root.ts';

/** The manifest without a password, which a fresh clone has. */
export const EXAMPLE = 'manifest.example.yaml';

/** The manifest of a project, which git ignores, and that of a fresh clone. */
const MANIFESTS = ['manifest.yaml', EXAMPLE] as const;

const ENV = '.env';

/** The files that a registration depends on. */
export const REGISTERED_FILES = [MANIFESTS[0], 'permissions.json', 'docs/service.md', RECORD, ENV];

/** The manifest of a project as it is sent to Tsuru. */
export interface ProjectManifest {
  /** As it is named in messages. */
  path: string;
  /** As it is on the disk. */
  text: string;
  /** With the password of the environment, else of `.env`, else its own. */
  manifest: Manifest;
  /** By lines of `text`. */
  problems: ManifestProblem[];
}

/** Whether a directory is a generated project. */
export function hasRecord(directory: string): boolean {
  return existsSync(join(directory, RECORD));
}

/** The record of a project. @throws ExpectedError if it cannot be read */
export function recordIn(directory: string): Answers {
  return readRecord(textIn(directory, RECORD) ?? '');
}

/**
 * Reads a manifest, and what the service beside it takes. While `SERVICE_OLD_PASSWORD` is in `.env`, a manifest with that password is
 * right, too.
 * @param file in the directory, instead of the manifest of the project; it may be a link
 * @throws ExpectedError if a file cannot be read, or there is no manifest
 */
export function projectManifest(directory: string, environment: NodeJS.ProcessEnv, file?: string): ProjectManifest {
  const path = file ?? MANIFESTS.find((name) => existsSync(join(directory, name))) ?? MANIFESTS[0];
  const text = file === undefined ? textIn(directory, path) : reading(file, () => readRegularFile(join(directory, file)));
  if (text === undefined) throw unreadable(`${join(directory, path)} does not exist.`, `Run it in ${projectAround(directory) ?? 'a project of create-tsuru-service'}, or name a manifest.`);
  const read = parseManifest(text);
  if (read.problems.some(({ isUnread }) => isUnread)) return { path, text, ...read };
  const { SERVICE_USERNAME, SERVICE_PASSWORD, SERVICE_OLD_PASSWORD: old } = variablesIn(directory, {});
  const own = read.manifest.password;
  // That of the environment, such as in a CI job, replaces the one in the file; that of `.env` must be the same.
  const given = environment['SERVICE_PASSWORD'];
  // An empty one, such as of a secret that CI does not have, covers none.
  const username = environment['SERVICE_USERNAME'] || SERVICE_USERNAME;
  const password = given || SERVICE_PASSWORD;
  const isReplaced = own !== undefined && isSet(given);
  const isOld = own !== undefined && own === old && !isReplaced;
  const credentials = { ...(isSet(username) && { username }), ...(isSet(password) && { password: isOld ? own : password }) };
  const edited = isReplaced ? withPassword(text, given) : text;
  const { manifest, problems } = parseManifest(edited, credentials);
  return { path, text, manifest, problems: problems.map((problem) => ({ ...problem, line: lineBefore(problem.line, edited, text) })) };
}

/** The line, from 1, that a line had before a text of several lines was replaced by one. */
function lineBefore(line: number, edited: string, text: string): number {
  const [after, before] = [edited, text].map((one) => one.split('\n')) as [string[], string[]];
  const isBelow = after.slice(0, line - 1).some((one, index) => one !== before[index]);
  return isBelow ? line + before.length - after.length : line;
}

/** @param given must be there, unlike that of the project */
export function manifestIn(directory: string, given?: string): Manifest | undefined {
  const file = given ?? join(directory, MANIFESTS[0]);
  return given !== undefined || existsSync(file) ? readManifest(file) : undefined;
}

/** The variables as the service has them: those of this process come first. @throws ExpectedError if `.env` cannot be read */
export function variablesIn(directory: string, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...parseEnv(environmentIn(directory) ?? ''), ...environment };
}

/**
 * Reads a file of a project. It follows no link but that of `.env`, and that only in the project: all else would be published.
 * @returns undefined if there is no such file
 * @throws ExpectedError if it cannot be read
 */
export function textIn(directory: string, path: string): string | undefined {
  return path === ENV ? environmentIn(directory) : reading(path, () => rootOf(directory).read(path)?.content.toString());
}

/**
 * The real path of a file of a project, which may be a link.
 * @throws Error if it leads out of the project: the file is that of another one; Node's own error if there is none
 */
export function realPathIn({ realpathSync }: Pick<FileSystem, 'realpathSync'>, directory: string, path: string): string {
  const real = realpathSync(join(directory, path));
  if (real.startsWith(join(realpathSync(directory), sep))) return real;
  throw new Error(`it is a link to ${real}, outside of the project`);
}

/** Whether a variable is set, and not empty. */
export function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

function environmentIn(directory: string): string | undefined {
  try {
    // A link that leads nowhere is no missing file.
    if (lstatSync(join(directory, ENV), { throwIfNoEntry: false }) === undefined) return undefined;
    return readRegularFile(realPathIn(nodeFileSystem, directory, ENV));
  } catch (error) {
    throw unreadable(`${ENV} cannot be read: ${messageOf(error)}.`, 'Replace it with a regular file, such as a copy, or with variables in the environment.');
  }
}

/** @returns undefined if there is no such file */
function reading(path: string, read: () => string | undefined): string | undefined {
  try {
    return read();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error instanceof ExpectedError ? error : unreadable(`${path} cannot be read: ${messageOf(error)}.`, 'It must be a regular file.');
  }
}
