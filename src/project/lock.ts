import { refusePoison } from '../answers/untrusted.ts';
import { unreadable } from '../errors.ts';
import type { FileClass } from '../render/classes.ts';
import { type Answers, RECORD } from '../answers/answers.ts';
import { sortedByName } from '../answers/endpoints.ts';
import { QUESTIONS } from '../answers/questions.ts';
import { readAnswers } from '../answers/read-answers.ts';
import { refuseGitMarkers, writeBases } from './base.ts';
import { sha256 } from './hash.ts';
import { saysTheSame } from './line-ends.ts';
import { ATTRIBUTES, BASES, IGNORED, LOCK, pathProblem, sameOnSomeDisks } from './paths.ts';
import { toTree, type Tree, type TreeFile } from '../render/tree.ts';

/** `.tsuru-service/lock.json`: the answers and the files of the last run. */
export interface Lock {
  version: 1;
  /** The version of this package that wrote it. */
  generator: string;
  answers: Answers;
  /**
   * By path: the class of the file, and the SHA-256 of its base, in hexadecimal. `written` is the hash of its last merge, if
   * the user's edits were committed before.
   */
  files: Record<string, { class: FileClass; base: string; written?: string }>;
}

/** Files for version control. An edited one is kept; `earlier` has the texts of earlier versions. */
const FOR_VERSION_CONTROL: readonly { path: string; text: string; earlier: readonly string[] }[] = [
  {
    path: ATTRIBUTES,
    text: '# create-tsuru-service compares these files byte by byte: no conversion of line endings.\n* -text\n# Collapsed in reviews; still merged by lines.\nbase.jsonl linguist-generated\nlock.json linguist-generated\n',
    earlier: ['# Compared byte by byte: no other line ends, please.\n* -text\n'],
  },
  {
    path: IGNORED,
    text: '# Local to one run or one machine\n/backup/\n/stage/\n/journal.json\n/set-up.json*\n/running-*\n',
    earlier: ['# Of one run, or one machine\n/backup/\n/stage/\n/journal.json\n/set-up.json*\n/running-*\n'],
  },
];

/** Whether a file for version control was edited by the user, and so is kept. */
export function isOwners(path: string, content: Buffer): boolean {
  const known = FOR_VERSION_CONTROL.find((file) => file.path === path);
  if (known === undefined) return false;
  return ![known.text, ...known.earlier].some((text) => saysTheSame(content, Buffer.from(text)));
}

/**
 * The files of `.tsuru-service`: the lock, the bases that later renders are merged against, and the files for version
 * control. Files that are written once have no base.
 * @param rendered without the secret files
 * @param written the hashes of merged files whose edits were committed before, by path
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
    [BASES, generated(writeBases(based.map(([path, { content }]) => [path, content] as const)))],
    ...FOR_VERSION_CONTROL.map(({ path, text }) => [path, generated(Buffer.from(text))] as const),
  ]);
}

/** The answers in a fixed order, so that equal answers give equal bytes. */
function inOrder(answers: Answers): Answers {
  const { endpoints, ...others } = answers;
  const sorted = QUESTIONS.map(({ key }) => [key, others[key]] as const);
  return { ...Object.fromEntries(sorted), endpoints: sortedByName(endpoints) } as Answers;
}

/**
 * Reads a lock as untrusted input.
 * @param generator the version of this package
 * @throws ExpectedError with the exit code for unreadable: not valid, newer than this program, or with paths outside of
 *   the project
 */
export function readLock(text: string, generator: string): Lock {
  refuseGitMarkers(text, LOCK);
  let value: Partial<Record<keyof Lock, unknown>>;
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    throw unreadable(`${LOCK} is not valid JSON.`, RESTORE);
  }
  if (typeof value !== 'object' || (value as unknown) === null) throw unreadable(`${LOCK} is not a JSON object.`, RESTORE);
  refusePoison(value, LOCK);
  const { version, files } = value;
  if (version !== 1 || typeof value.generator !== 'string' || isNewer(value.generator, generator)) {
    throw unreadable(
      `${LOCK} was written by create-tsuru-service ${versionIn(value.generator)}, and this is ${generator}.`,
      'Use that version, or a newer one.',
    );
  }
  if (typeof files !== 'object' || files === null) throw unreadable(`${LOCK} lists no files.`, RESTORE);
  for (const [path, entry] of Object.entries(files as Record<string, unknown>)) {
    const problem = pathProblem(path);
    if (problem !== undefined) {
      throw unreadable(`${LOCK} has the path ${JSON.stringify(path)}, which ${problem}.`, RESTORE);
    }
    const { class: fileClass, base, written = base } = (entry ?? {}) as Record<string, unknown>;
    const isKnown = fileClass === 'generated' || fileClass === 'merged' || fileClass === 'seeded';
    if (!isKnown || ![base, written].every((hash) => typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash))) {
      throw unreadable(`${LOCK} has no valid entry for ${path}.`, RESTORE);
    }
  }
  const twins = sameOnSomeDisks(Object.keys(files));
  if (twins !== undefined) throw unreadable(`${LOCK} has ${twins.join(' and ')}, which are the same file on some disks.`, RESTORE);
  return {
    version: 1,
    generator: value.generator,
    answers: readAnswers((value.answers ?? {}) as Record<string, unknown>, LOCK),
    files: files as Lock['files'],
  };
}

const RESTORE = 'Restore it from your version control.';

/** A version for a message. Any other text is left out: it may contain control sequences. */
function versionIn(value: unknown): string {
  return typeof value === 'string' && /^[\w.+-]{1,64}$/.test(value) ? value : 'of an unknown version';
}

/** Whether a version is newer than another; a text that is not a version counts as newer. */
function isNewer(version: string, than: string): boolean {
  const [own, other] = [version, than].map((text) => /^(\d+)\.(\d+)\.(\d+)/.exec(text)?.slice(1).map(Number));
  if (own === undefined || other === undefined) return true;
  const at = own.findIndex((part, index) => part !== other[index]);
  return at !== -1 && (own[at] ?? 0) > (other[at] ?? 0);
}

function generated(content: Buffer): TreeFile {
  return { content, fileClass: 'generated', mode: 0o644 };
}
