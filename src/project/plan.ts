import { RECORD } from '../answers/answers.ts';
import type { FileClass } from '../render/classes.ts';
import type { BaseOf } from './base.ts';
import { sha256 } from './hash.ts';
import { isMade, saysTheSame, withEndsOf } from './line-ends.ts';
import type { Lock } from './lock.ts';
import { mergeJson } from './merge/json.ts';
import { mergeLines } from './merge/lines.ts';
import { LABELS, markerLines } from './merge/markers.ts';
import { mergeLineSets } from './merge/sets.ts';
import type { Tree, TreeFile } from '../render/tree.ts';

/** What a directory has where a new project is to be written. */
export interface Obstacles {
  /** Files that a new repository has and a render has as well. By themselves they are no obstacle: nothing of them is lost. */
  usual: string[];
  /** Other files that a render would write and that are there already. */
  collisions: string[];
  /** What no file can be written over: a link, a directory in the place of a file, a file in the place of a directory. */
  blocked: string[];
  /** What else is there and is not one of those that every directory may have. */
  others: string[];
}

/** What is at a path: `other` is a link, a socket and the like. */
export type Kind = 'nothing' | 'file' | 'directory' | 'other';

/**
 * Names that a directory may have and still count as empty: version control, a readme and a licence as a new repository
 * has them, traces of editors and systems.
 */
const HARMLESS =
  /^(\.git|\.gitattributes|\.gitkeep|\.hg|\.idea|\.vscode|\.fleet|\.DS_Store|Thumbs\.db|desktop\.ini|README(\.\w+)?|LICEN[CS]E(\.\w+)?|COPYING|.*\.iml|npm-debug\.log|.*~)$/i;

/** What GitHub and GitLab write into a new repository, and a render as well. */
const USUAL = ['.gitignore', 'README.md'];

/**
 * Compares a render with a directory that should be as good as empty.
 * @param names what the directory holds, its first level only
 * @param kindOf what the directory has at a path
 */
export function obstacles(rendered: Tree, names: readonly string[], kindOf: (path: string) => Kind): Obstacles {
  const paths = [...rendered.keys()];
  const parents = new Set(paths.flatMap((path) => parentsOf(path)));
  const cut = new Set([...parents].filter((path) => !['nothing', 'directory'].includes(kindOf(path))));
  const isCutOff = (path: string) => parentsOf(path).some((parent) => cut.has(parent));
  const isThere = (path: string) => kindOf(path) === 'file';
  return {
    usual: paths.filter((path) => USUAL.includes(path) && isThere(path)),
    collisions: paths.filter((path) => !USUAL.includes(path) && isThere(path)),
    blocked: [
      ...[...cut].filter((path) => !isCutOff(path)),
      ...paths.filter((path) => !isCutOff(path) && !['nothing', 'file'].includes(kindOf(path))),
    ],
    others: names.filter((name) => !HARMLESS.test(name) && !rendered.has(name)),
  };
}

/** The directories that lead to a path, the outermost first. */
function parentsOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, depth) => parts.slice(0, depth + 1).join('/'));
}

/** A file as it is on the disk. */
export interface DiskFile {
  content: Buffer;
  /** Permission bits. */
  mode: number;
}

/** What becomes of one file. */
export interface Change {
  path: string;
  /** `create`: nothing is there; `update`: its owner has not edited it; `merge`: both sides have; `delete`: it is no longer made. */
  kind: 'create' | 'update' | 'merge' | 'delete' | 'restore';
  fileClass: FileClass;
  /** What is there; undefined for nothing. */
  before: DiskFile | undefined;
  /** What will be there; undefined for nothing. */
  after: Buffer | undefined;
  /** Whose file goes, when it is neither of the generator nor of the owner; a copy is kept. */
  of?: string;
}

/** A file that its owner and the render changed in the same place. */
export interface Conflict {
  path: string;
  fileClass: FileClass;
  /** Why, as a part of a sentence. */
  reason: string;
  mine: DiskFile;
  theirs: Buffer;
  /** Both, with markers; undefined where markers would break the file. */
  marked: string | undefined;
}

/** What a regeneration does. */
export interface Plan {
  changes: Change[];
  conflicts: Conflict[];
  /** Files that stay as their owner has them although the render changed, or has them no more. */
  kept: { path: string; reason: string }[];
  /** Places where a file still has the markers of a conflict, by the first line of each, from 1. */
  left: { path: string; line: number }[];
  /** Files that an earlier conflict has left the new one beside, unsettled: `besideOf(path)` is still there. */
  beside: string[];
}

/** Whether an earlier conflict is not settled yet, in a file or beside one. */
export function isUnsettled({ left, beside }: Plan): boolean {
  return left.length + beside.length > 0;
}

/** Where the new one of a file goes that both sides changed, when it is not written into it. */
export function besideOf(path: string): string {
  return `${path}.theirs`;
}

/** What a plan is made of. */
export interface PlanInput {
  /** What was applied last. */
  lock: Lock;
  rendered: Tree;
  /** What is there, of the files that the lock or the render has, and beside them. */
  disk: ReadonlyMap<string, DiskFile>;
  base: BaseOf;
  /** Files that are to be as they are rendered, whatever is there. */
  restore: ReadonlySet<string>;
}

/**
 * Compares base, disk and render, file by file: an unedited file becomes the new one, an edited one is kept or merged, one
 * that its owner deleted stays deleted, one that is no longer rendered is deleted when it was not edited.
 */
export function planChanges({ lock, rendered, disk, base, restore }: PlanInput): Plan {
  const plan: Plan = { changes: [], conflicts: [], kept: [], left: [], beside: [] };
  const paths = new Set([...Object.keys(lock.files), ...rendered.keys()]);
  paths.delete(RECORD);
  for (const path of [...paths].sort()) {
    const made = rendered.get(path);
    const before = disk.get(path);
    if (disk.has(besideOf(path))) plan.beside.push(path);
    const known = Object.hasOwn(lock.files, path) ? lock.files[path] : undefined;
    if (made !== undefined && restore.has(path)) {
      if (before === undefined || !saysTheSame(before.content, made.content)) {
        const after = withEndsOf(before?.content, made.content);
        plan.changes.push({ path, kind: 'restore', fileClass: made.fileClass, before, after });
      }
    } else if (made === undefined) {
      if (known !== undefined) planDropped(plan, path, known, before);
    } else if (known === undefined) {
      planNew(plan, path, made, before);
    } else if (made.fileClass !== 'seeded') {
      planKnown(plan, path, made, before, known.base, base);
    }
  }
  return plan;
}

function planDropped(
  { changes, kept }: Plan,
  path: string,
  known: Lock['files'][string],
  before: DiskFile | undefined,
): void {
  if (before === undefined) return;
  if (known.class === 'seeded') {
    kept.push({ path, reason: 'it is yours' });
  } else if (!isMade(before.content, known.base)) {
    kept.push({ path, reason: 'it is no longer made, and you have edited it' });
  } else {
    changes.push({ path, kind: 'delete', fileClass: known.class, before, after: undefined });
  }
}

function planNew({ changes, conflicts }: Plan, path: string, made: TreeFile, before: DiskFile | undefined): void {
  const { fileClass, content } = made;
  if (before === undefined) {
    changes.push({ path, kind: 'create', fileClass, before, after: content });
  }
  // What is written once, and is there, is its owner's.
  else if (fileClass !== 'seeded' && !saysTheSame(before.content, content)) {
    conflicts.push({
      ...{ path, fileClass, mine: before, theirs: withEndsOf(before.content, content) },
      reason: 'a new file has the place of one of yours',
      marked: undefined,
    });
  }
}

function planKnown(
  { changes, conflicts, kept, left }: Plan,
  path: string,
  { fileClass, content }: TreeFile,
  before: DiskFile | undefined,
  hash: string,
  base: BaseOf,
): void {
  const isNews = sha256(content) !== hash;
  if (before === undefined) {
    if (isNews) kept.push({ path, reason: 'you have deleted it' });
    return;
  }
  const marked = markerLines(textOf(before.content) ?? '');
  left.push(...marked.map((line) => ({ path, line })));
  if (!isNews || saysTheSame(before.content, content)) return;
  const theirs = withEndsOf(before.content, content);
  if (isMade(before.content, hash)) {
    changes.push({ path, kind: 'update', fileClass, before, after: theirs });
    return;
  }
  if (marked.length > 0) {
    const reason = `it has the markers of an earlier conflict in line ${marked.join(', ')}`;
    conflicts.push({ path, fileClass, reason, mine: before, theirs, marked: undefined });
    return;
  }
  const merged = mergeFile(path, base(path, hash), before.content, content);
  if ('text' in merged) {
    const after = Buffer.from(merged.text);
    if (!after.equals(before.content)) changes.push({ path, kind: 'merge', fileClass, before, after });
  } else {
    conflicts.push({ path, fileClass, reason: merged.reason, mine: before, theirs, marked: merged.marked });
  }
}

type Merged = { text: string } | { reason: string; marked: string | undefined };

/** Merges by what a file is: JSON by key, ignore files as sets of lines, the rest by lines; never what is no text. */
function mergeFile(path: string, base: Buffer, mine: Buffer, theirs: Buffer): Merged {
  const texts = [base, mine, theirs].map(textOf);
  const [baseText, mineText, theirText] = texts;
  if (baseText === undefined || mineText === undefined || theirText === undefined) {
    return { reason: 'both changed it, and it is no text', marked: undefined };
  }
  if (/(^|\/)(\.gitignore|\.dockerignore|\.env\.example)$/.test(path)) {
    return { text: mergeLineSets(baseText, mineText, theirText) };
  }
  const isJson = path.endsWith('.json');
  if (isJson) {
    const merged = mergeJson(baseText, mineText, theirText);
    if (merged.kind === 'clean') return { text: merged.text };
    if (merged.kind === 'conflict') return { reason: `both changed ${merged.paths.join(', ')}`, marked: undefined };
  }
  const merged = mergeLines(baseText, mineText, theirText, LABELS);
  if (merged.kind === 'clean') return { text: merged.text };
  const places = merged.conflicts === 1 ? 'one place' : `${merged.conflicts} places`;
  return { reason: `both changed it in ${places}`, marked: isJson ? undefined : merged.text };
}

/** The text of a file; undefined when its bytes are none. */
function textOf(content: Buffer): string | undefined {
  const text = content.toString('utf8');
  return content.includes(0) || !Buffer.from(text).equals(content) ? undefined : text;
}
