import { POISON } from '../answers/untrusted.ts';

/** The folder of a generated project that remembers what was applied last. Its owner commits it. */
export const STATE = '.tsuru-service';

/** What was applied last, as JSON. */
export const LOCK = `${STATE}/lock.json`;

/** The files as they were last made, a line a file. Not called as the folder of earlier versions: both can be there. */
export const BASES = `${STATE}/base.jsonl`;

/** Where earlier versions kept them: a file for each, named by its hash. */
export const FOLDER_OF_BASES = `${STATE}/base`;

/** What of the first set-up is left to do; not committed, and gone when nothing is left. */
export const SET_UP = `${STATE}/set-up.json`;

/** What a run is about to carry out, or to take back. */
export const JOURNAL = `${STATE}/journal.json`;

/** Where a run makes new files complete, and puts what they replace. */
export const STAGE = `${STATE}/stage`;

/** Keeps version control from changing the line ends of what is compared byte by byte. */
export const ATTRIBUTES = `${STATE}/.gitattributes`;

/** Keeps out of version control what is of one run, or of one machine. */
export const IGNORED = `${STATE}/.gitignore`;

/** The names in the folder that say that a run is at work: its machine, its process, when that was started, and a number. */
export const CLAIM = /^running-[0-9a-f]{12}-[0-9]{1,10}-[0-9a-f]{1,12}-[0-9a-f]{12}$/;

/**
 * What is wrong with a path of a project that comes from a file: it has to stay in the project, in a plain spelling, and
 * away from what is not the generator's.
 * @returns undefined when nothing is
 */
export function pathProblem(path: string): string | undefined {
  const parts = path.split('/');
  if (path === '' || path.length > 500) return 'is empty or too long';
  if (/^([A-Za-z]:|\/)/.test(path) || path.includes('\\')) return 'is not relative';
  if (/\p{Cc}/u.test(path)) return 'has control characters';
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return 'leaves the project';
  if (parts.some((part) => POISON.includes(part))) return 'has a part that is not allowed';
  if (['.git', 'node_modules', '.tsuru-service'].includes(parts[0]?.toLowerCase() ?? '')) {
    return 'does not belong to the project';
  }
  return undefined;
}

/** The same for a path that the program itself writes: also those of its own folder. */
export function ownPathProblem(path: string): string | undefined {
  const isOwn =
    [LOCK, BASES, ATTRIBUTES, IGNORED].includes(path) || /^\.tsuru-service\/(base(\/[0-9a-f]{64})?|backup(\/\d+)?)$/.test(path);
  return isOwn ? undefined : pathProblem(path.replace(/^\.tsuru-service\/backup\/\d+\//, ''));
}

/** Two of those paths that differ in the case of their letters only: one file on some disks. */
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
