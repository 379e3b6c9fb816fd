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
import { relocated, reExport } from './moves.ts';
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
  /** Where the file was, when it moves. `before` is then what it would be in its new place. */
  from?: Origin;
  /** Whose file goes, when it is neither of the generator nor of the owner; a copy is kept. */
  of?: string;
}

/** The old place of a file that moves. */
export interface Origin {
  path: string;
  file: DiskFile;
  /** What stays there: a module for the owner's own files that import it, which is theirs from then on. */
  left: Buffer | undefined;
}

/** A file that its owner and the render changed in the same place. */
export interface Conflict {
  path: string;
  /** Where the file was, when it moves. `mine` is then what it would be in its new place. */
  from?: Origin;
  fileClass: FileClass;
  /** The cause, as part of a sentence. */
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
  /** Files that stay as their owner has them, although the render changed or dropped them. */
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
  /** Where files of an earlier version are now: the new path, by the old one. */
  moves: ReadonlyMap<string, string>;
  /** The old paths of those that files of the owner import. */
  imported: ReadonlySet<string>;
}

/**
 * Compares base, disk and render, file by file: an unedited file becomes the new one, an edited one is kept or merged, one
 * that its owner deleted stays deleted, one that is no longer rendered is deleted when it was not edited.
 */
export function planChanges(input: PlanInput): Plan {
  const { lock, rendered, disk, base, restore, moves } = input;
  const plan: Plan = { changes: [], conflicts: [], kept: [], left: [], beside: [] };
  // A file does not move to where its owner has one; the two paths are then planned independently.
  const origins = new Map([...moves].filter(([, to]) => !disk.has(to)).map(([from, to]) => [to, from]));
  const paths = new Set([...Object.keys(lock.files), ...rendered.keys()]);
  paths.delete(RECORD);
  for (const path of [...paths].sort()) {
    const made = rendered.get(path);
    const before = disk.get(path);
    if (disk.has(besideOf(path))) plan.beside.push(path);
    const known = Object.hasOwn(lock.files, path) ? lock.files[path] : undefined;
    const origin = origins.get(path);
    if (made !== undefined && origin !== undefined) {
      planMoved(plan, path, made, origin, input);
    } else if (made !== undefined && restore.has(path)) {
      if (before === undefined || !saysTheSame(before.content, made.content)) {
        const after = withEndsOf(before?.content, made.content);
        plan.changes.push({ path, kind: 'restore', fileClass: made.fileClass, before, after });
      }
    } else if (made === undefined) {
      const isMoving = origins.get(moves.get(path) ?? '') === path;
      if (known !== undefined && !isMoving) planDropped(plan, path, known, before);
    } else if (known === undefined) {
      planNew(plan, path, made, before);
    } else if (made.fileClass !== 'seeded') {
      planKnown(plan, path, made, before, known.base, base);
    }
  }
  return plan;
}

/** A file that is made in another place now: it goes there as it is, or merged when it was edited. */
function planMoved(
  plan: Plan,
  path: string,
  made: TreeFile,
  origin: string,
  { lock, disk, base, restore, moves, imported }: PlanInput,
): void {
  const { fileClass, content } = made;
  const file = disk.get(origin);
  const hash = lock.files[origin]?.base ?? '';
  if (file === undefined) {
    if (restore.has(path)) plan.changes.push({ path, kind: 'restore', fileClass, before: undefined, after: content });
    else plan.kept.push({ path, reason: `you deleted ${origin}` });
    return;
  }
  const isModule = origin.endsWith('.ts');
  const left = imported.has(origin) ? (isModule ? Buffer.from(reExport(origin, path)) : file.content) : undefined;
  const from = { path: origin, file, left };
  const isUnedited = isMade(file.content, hash);
  const move = (bytes: Buffer) => {
    const text = isModule ? textOf(bytes) : undefined;
    return text === undefined ? bytes : Buffer.from(relocated(text, origin, path, moves));
  };
  const before = { ...file, content: move(file.content) };
  if (isUnedited || restore.has(path)) {
    const kind = isUnedited ? 'update' : 'restore';
    plan.changes.push({ path, kind, fileClass, before, after: withEndsOf(file.content, content), from });
  } else {
    planMerge(plan, { path, fileClass, from, mine: before }, () => move(base(origin, hash)), content);
  }
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
    kept.push({ path, reason: 'it is no longer generated, and you edited it' });
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
      reason: 'a new file has the path of one of yours',
      marked: undefined,
    });
  }
}

function planKnown(
  plan: Plan,
  path: string,
  { fileClass, content }: TreeFile,
  before: DiskFile | undefined,
  hash: string,
  base: BaseOf,
): void {
  const isNews = sha256(content) !== hash;
  if (before === undefined) {
    if (isNews) plan.kept.push({ path, reason: 'you deleted it' });
  } else if (!isNews || saysTheSame(before.content, content)) {
    plan.left.push(...markersIn(path, before));
  } else if (isMade(before.content, hash)) {
    plan.changes.push({ path, kind: 'update', fileClass, before, after: withEndsOf(before.content, content) });
  } else {
    planMerge(plan, { path, fileClass, mine: before }, () => base(path, hash), content);
  }
}

/** Places of an earlier conflict that is not settled. */
function markersIn(path: string, { content }: DiskFile): Plan['left'] {
  return markerLines(textOf(content) ?? '').map((line) => ({ path, line }));
}

/** A file that both sides changed. */
function planMerge(
  { changes, conflicts, left }: Plan,
  { mine, ...file }: Pick<Conflict, 'path' | 'fileClass' | 'mine' | 'from'>,
  base: () => Buffer,
  made: Buffer,
): void {
  const { path, from } = file;
  const theirs = withEndsOf(mine.content, made);
  const conflict = (reason: string, marked: string | undefined) => {
    const moved = from === undefined ? '' : `; it moves here from ${from.path}`;
    conflicts.push({ ...file, reason: reason + moved, mine, theirs, marked });
  };
  const found = markersIn(path, mine);
  left.push(...found);
  if (found.length > 0) {
    conflict(`it has conflict markers in line ${found.map(({ line }) => line).join(', ')}`, undefined);
    return;
  }
  const merged = mergeFile(path, base(), mine.content, made);
  if (!('text' in merged)) {
    conflict(merged.reason, merged.marked);
    return;
  }
  const after = Buffer.from(merged.text);
  if (from !== undefined || !after.equals(mine.content)) changes.push({ ...file, kind: 'merge', before: mine, after });
}

type Merged = { text: string } | { reason: string; marked: string | undefined };

/** Merges by what a file is: JSON by key, ignore files as sets of lines, the rest by lines; never what is no text. */
function mergeFile(path: string, base: Buffer, mine: Buffer, theirs: Buffer): Merged {
  const texts = [base, mine, theirs].map(textOf);
  const [baseText, mineText, theirText] = texts;
  if (baseText === undefined || mineText === undefined || theirText === undefined) {
    return { reason: 'both sides changed it, and it is not text', marked: undefined };
  }
  if (/(^|\/)(\.gitignore|\.dockerignore|\.env\.example)$/.test(path)) {
    return { text: mergeLineSets(baseText, mineText, theirText) };
  }
  const isJson = path.endsWith('.json');
  if (isJson) {
    const merged = mergeJson(baseText, mineText, theirText);
    if (merged.kind === 'clean') return { text: merged.text };
    if (merged.kind === 'conflict') return { reason: `both sides changed ${merged.paths.join(', ')}`, marked: undefined };
  }
  const merged = mergeLines(baseText, mineText, theirText, LABELS);
  if (merged.kind === 'clean') return { text: merged.text };
  const places = merged.conflicts === 1 ? 'one place' : `${merged.conflicts} places`;
  return { reason: `both sides changed it in ${places}`, marked: isJson ? undefined : merged.text };
}

/** The text of a file; undefined when its bytes are not UTF-8 text. */
function textOf(content: Buffer): string | undefined {
  const text = content.toString('utf8');
  return content.includes(0) || !Buffer.from(text).equals(content) ? undefined : text;
}
