import { POISON } from '../answers/untrusted.ts';

/** The folder of a generated project that records the last run. The user commits it. */
export const STATE = '.tsuru-service';

/** The answers and the files of the last run, as JSON. */
export const LOCK = `${STATE}/lock.json`;

/** The files as last rendered, one per line. The name differs from the folder of earlier versions, as both can exist. */
export const BASES = `${STATE}/base.jsonl`;

/** The folder of earlier versions: one file per base, named by its hash. */
export const FOLDER_OF_BASES = `${STATE}/base`;

/** The steps of the first set-up that are left; not committed, and deleted when none are left. */
export const SET_UP = `${STATE}/set-up.json`;

/** The steps that a run is about to carry out or undo. */
export const JOURNAL = `${STATE}/journal.json`;

/** The folder in which a run writes new files first, and keeps the replaced ones. */
export const STAGE = `${STATE}/stage`;

/** Keeps version control from converting line endings in files that are compared byte by byte. */
export const ATTRIBUTES = `${STATE}/.gitattributes`;

/** Excludes from version control the files that are local to one run or one machine. */
export const IGNORED = `${STATE}/.gitignore`;

/** The name of the claim of a run: its machine, its process id, its start time, and a random number. */
export const CLAIM = /^running-[0-9a-f]{12}-[0-9]{1,10}-[0-9a-f]{1,12}-[0-9a-f]{12}$/;

/**
 * Validates a project path that was read from a file: it must be normalized, stay inside the project, and avoid folders
 * such as `.git`.
 * @returns the problem, as the end of a sentence; undefined when there is none
 */
export function pathProblem(path: string): string | undefined {
  const parts = path.split('/');
  if (path === '' || path.length > 500) return 'is empty or too long';
  if (/^([A-Za-z]:|\/)/.test(path) || path.includes('\\')) return 'is not relative';
  if (/\p{Cc}/u.test(path)) return 'has control characters';
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return 'leaves the project';
  if (parts.some((part) => POISON.includes(part))) return 'has a reserved name in it';
  if (['.git', 'node_modules', '.tsuru-service'].includes(parts[0]?.toLowerCase() ?? '')) {
    return 'does not belong to the project';
  }
  return undefined;
}

/** Validates a path that the program itself writes, which may also be in `.tsuru-service`. */
export function ownPathProblem(path: string): string | undefined {
  const isOwn =
    [LOCK, BASES, ATTRIBUTES, IGNORED].includes(path) || /^\.tsuru-service\/(base(\/[0-9a-f]{64})?|backup(\/\d+)?)$/.test(path);
  return isOwn ? undefined : pathProblem(path.replace(/^\.tsuru-service\/backup\/\d+\//, ''));
}

/** Two paths that are the same file on a file system that ignores case or Unicode normalization; undefined for none. */
export function sameOnSomeDisks(paths: Iterable<string>): [string, string] | undefined {
  const seen = new Map<string, string>();
  for (const path of paths) {
    const key = path.toLowerCase().normalize('NFC');
    const other = seen.get(key);
    if (other !== undefined) return [other, path];
    seen.set(key, path);
  }
  return undefined;
}
