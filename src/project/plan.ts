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

/** The existing contents of the directory for a new project. */
export interface Obstacles {
  /** Files of a new repository that are also in the render. They are no obstacle: they are merged or backed up. */
  usual: string[];
  /** Other existing files that are also in the render. */
  collisions: string[];
  /** Paths that cannot be written: symbolic links, directories in the place of files, and files in the place of directories. */
  blocked: string[];
  /** Any other entries, except harmless ones. */
  others: string[];
}

/** The type of the entry at a path; `other` is a symbolic link, a socket or the like. */
export type Kind = 'nothing' | 'file' | 'directory' | 'other';

/**
 * Names that do not keep a directory from counting as empty: those of version control, the readme and licence of a new
 * repository, and files of editors and operating systems.
 */
const HARMLESS =
  /^(\.git|\.gitattributes|\.gitkeep|\.hg|\.idea|\.vscode|\.fleet|\.DS_Store|Thumbs\.db|desktop\.ini|README(\.\w+)?|LICEN[CS]E(\.\w+)?|COPYING|.*\.iml|npm-debug\.log|.*~)$/i;

/** Files that GitHub and GitLab write into a new repository, and that are also in a render. */
const USUAL = ['.gitignore', 'README.md'];

/**
 * Compares a render with the directory for a new project.
 * @param names the entries at the top level of the directory
 * @param kindOf returns the type of the entry at a path in the directory
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

/** The parent directories of a path, outermost first. */
function parentsOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, depth) => parts.slice(0, depth + 1).join('/'));
}

/** A file on the disk. */
export interface DiskFile {
  content: Buffer;
  /** Permission bits. */
  mode: number;
}

/** The planned change of one file. */
export interface Change {
  path: string;
  /** `create`: there is no file; `update`: the user has not edited it; `merge`: both sides changed it; `delete`: it is no longer rendered. */
  kind: 'create' | 'update' | 'merge' | 'delete' | 'restore';
  fileClass: FileClass;
  /** The current file; undefined when there is none. */
  before: DiskFile | undefined;
  /** The new content; undefined to delete the file. */
  after: Buffer | undefined;
  /** The old path of a file that moves. `before` is then the file with its imports adapted to the new path. */
  from?: Origin;
  /** The program that made a file to delete, if neither this program nor the user did; a copy is kept. */
  of?: string;
}

/** The old path of a file that moves. */
export interface Origin {
  path: string;
  file: DiskFile;
  /** The content that stays at the old path for the user's own imports; it is the user's file from then on. */
  left: Buffer | undefined;
}

/** A file that the user and the render changed in the same place. */
export interface Conflict {
  path: string;
  /** The old path of a file that moves. `mine` is then the file with its imports adapted to the new path. */
  from?: Origin;
  fileClass: FileClass;
  /** The cause, as part of a sentence. */
  reason: string;
  mine: DiskFile;
  theirs: Buffer;
  /** Both versions, with conflict markers; undefined where markers would break the file. */
  marked: string | undefined;
}

/** The planned changes of all files. */
export interface Plan {
  changes: Change[];
  conflicts: Conflict[];
  /** Files of the user that stay unchanged, although the render changed or dropped them. */
  kept: { path: string; reason: string }[];
  /** Conflict markers that are still in a file, by the first line of each, from 1. */
  left: { path: string; line: number }[];
  /** Files with an unresolved earlier conflict: `besideOf(path)` still exists. */
  beside: string[];
}

/** Whether an earlier conflict is not resolved yet, in a file or beside one. */
export function isUnsettled({ left, beside }: Plan): boolean {
  return left.length + beside.length > 0;
}

/** The path of the new version of a file with a conflict, with `--conflict theirs-file`. */
export function besideOf(path: string): string {
  return `${path}.theirs`;
}

/** The input of {@link planChanges}. */
export interface PlanInput {
  /** The last run. */
  lock: Lock;
  rendered: Tree;
  /** The existing files among those of the lock and the render, and those beside them. */
  disk: ReadonlyMap<string, DiskFile>;
  base: BaseOf;
  /** Files to replace with their render, even if they were edited. */
  restore: ReadonlySet<string>;
  /** The files that moved since an earlier version: the new path, by the old one. */
  moves: ReadonlyMap<string, string>;
  /** The old paths of moved files that the user's own files import. */
  imported: ReadonlySet<string>;
}

/**
 * Compares base, disk and render, file by file: an unedited file is replaced, an edited one is kept or merged, one that the
 * user deleted stays deleted, and one that is no longer rendered is deleted unless it was edited.
 */
export function planChanges(input: PlanInput): Plan {
  const { lock, rendered, disk, base, restore, moves } = input;
  const plan: Plan = { changes: [], conflicts: [], kept: [], left: [], beside: [] };
  // If the user has a file at the new path, the two paths are planned independently.
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

/** Plans a file that is rendered at another path now: replaced if it was not edited, otherwise merged. */
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
  // An existing file that is written once belongs to the user.
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

/** The conflict markers in a file. */
function markersIn(path: string, { content }: DiskFile): Plan['left'] {
  return markerLines(textOf(content) ?? '').map((line) => ({ path, line }));
}

/** Plans a file that both sides changed. */
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

/** Merges by type: JSON by key, ignore files as sets of lines, other text by line. Binary files are always a conflict. */
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
