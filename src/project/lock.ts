import { refusePoison } from '../answers/untrusted.ts';
import { unreadable } from '../errors.ts';
import type { FileClass } from '../render/classes.ts';
import { type Answers, RECORD } from '../answers/answers.ts';
import { sortedByName } from '../answers/endpoints.ts';
import { QUESTIONS } from '../answers/questions.ts';
import { readAnswers } from '../answers/record.ts';
import { sha256 } from './hash.ts';
import { ATTRIBUTES, IGNORED, LOCK, pathProblem, sameOnSomeDisks, STATE } from './paths.ts';
import { toTree, type Tree, type TreeFile } from '../render/tree.ts';

/** `.tsuru-service/lock.json`: what was applied last. */
export interface Lock {
  version: 1;
  /** The version of this package that wrote it. */
  generator: string;
  answers: Answers;
  /**
   * By path: whose the file is, and the SHA-256 of its base, in hexadecimal; `written` is that of the last merge of it when
   * everything of its owner's was committed before.
   */
  files: Record<string, { class: FileClass; base: string; written?: string }>;
}

/** Files that say to version control what the folder is; once there, they are their owner's. */
const FOR_VERSION_CONTROL = [
  [ATTRIBUTES, '# Compared byte by byte: no other line ends, please.\n* -text\n'],
  [IGNORED, '# Of one run, or one machine\n/backup/\n/stage/\n/journal.json\n/set-up.json*\n/running-*\n'],
] as const;

/**
 * The lock and the bases of a render, as files of the project: a later render is merged against those bytes. Files
 * that are written once have no base, and those with a secret are never given to this. With them, what version control
 * has to know of them.
 * @param written the hashes of merged files that were committed before, by path
 */
export function lockFiles(
  answers: Answers,
  generator: string,
  rendered: Tree,
  written: ReadonlyMap<string, string> = new Map(),
): Tree {
  const files = [...rendered].filter(([path]) => path !== RECORD);
  const based = files.filter(([, { fileClass }]) => fileClass !== 'seeded');
  const lock: Lock = {
    version: 1,
    generator,
    answers: inOrder(answers),
    files: Object.fromEntries(
      files.map(([path, { fileClass, content }]) => {
        const merged = written.get(path);
        return [path, { class: fileClass, base: sha256(content), ...(merged !== undefined && { written: merged }) }];
      }),
    ),
  };
  return toTree([
    [LOCK, generated(Buffer.from(`${JSON.stringify(lock, undefined, 2)}\n`))],
    ...FOR_VERSION_CONTROL.map(([path, text]) => [path, generated(Buffer.from(text))] as const),
    ...based.map(([, { content }]) => [basePath(sha256(content)), generated(content)] as const),
  ]);
}

/** The same answers in the same bytes, in whatever order they were given. */
function inOrder(answers: Answers): Answers {
  const { endpoints, ...others } = answers;
  const sorted = QUESTIONS.map(({ key }) => [key, others[key]] as const);
  return { ...Object.fromEntries(sorted), endpoints: sortedByName(endpoints) } as Answers;
}

/** Where the base with that hash is. */
export function basePath(hash: string): string {
  return `${STATE}/base/${hash}`;
}

/**
 * Reads a lock, which anybody may have written.
 * @param generator the version of this package
 * @throws ExpectedError with the exit code for unreadable: broken, newer than this program, or with paths that are not of
 *   the project
 */
export function readLock(text: string, generator: string): Lock {
  let value: Partial<Record<keyof Lock, unknown>>;
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    throw unreadable(`${LOCK} is no JSON.`, RESTORE);
  }
  if (typeof value !== 'object' || (value as unknown) === null) throw unreadable(`${LOCK} has nothing in it.`, RESTORE);
  refusePoison(value, LOCK);
  const { version, files } = value;
  if (version !== 1 || typeof value.generator !== 'string' || isNewer(value.generator, generator)) {
    throw unreadable(
      `${LOCK} was written by create-tsuru-service ${versionIn(value.generator)}, and this is ${generator}.`,
      'Use that version, or a newer one.',
    );
  }
  if (typeof files !== 'object' || files === null) throw unreadable(`${LOCK} has no files.`, RESTORE);
  for (const [path, entry] of Object.entries(files as Record<string, unknown>)) {
    const problem = pathProblem(path);
    if (problem !== undefined) {
      throw unreadable(`${LOCK} has the path ${JSON.stringify(path)}, which ${problem}.`, RESTORE);
    }
    const { class: fileClass, base, written = base } = (entry ?? {}) as Record<string, unknown>;
    const isKnown = fileClass === 'generated' || fileClass === 'merged' || fileClass === 'seeded';
    if (!isKnown || ![base, written].every((hash) => typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash))) {
      throw unreadable(`${LOCK} does not say what ${path} is.`, RESTORE);
    }
  }
  const twins = sameOnSomeDisks(Object.keys(files));
  if (twins !== undefined) throw unreadable(`${LOCK} has ${twins.join(' and ')}, one file on some disks.`, RESTORE);
  return {
    version: 1,
    generator: value.generator,
    answers: readAnswers((value.answers ?? {}) as Record<string, unknown>, LOCK),
    files: files as Lock['files'],
  };
}

const RESTORE = 'Bring it back from your version control.';

/** A version for a message: what is none may have anything in it, also what a terminal obeys. */
function versionIn(value: unknown): string {
  return typeof value === 'string' && /^[\w.+-]{1,64}$/.test(value) ? value : 'of an unknown version';
}

/** Whether a version is newer than another; what is no version counts as newer. */
function isNewer(version: string, than: string): boolean {
  const [own, other] = [version, than].map((text) => /^(\d+)\.(\d+)\.(\d+)/.exec(text)?.slice(1).map(Number));
  if (own === undefined || other === undefined) return true;
  const at = own.findIndex((part, index) => part !== other[index]);
  return at !== -1 && (own[at] ?? 0) > (other[at] ?? 0);
}

function generated(content: Buffer): TreeFile {
  return { content, fileClass: 'generated', mode: 0o644 };
}
