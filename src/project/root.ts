import { constants, type BigIntStats } from 'node:fs';
import type * as NodeFileSystem from 'node:fs';
import { join } from 'node:path';

import { EXIT, ExpectedError } from '../errors.ts';

/** The calls of `node:fs` that the program makes on a project, injected so that tests can interrupt each of them. */
export type FileSystem = Pick<
  typeof NodeFileSystem,
  | 'closeSync'
  | 'fchmodSync'
  | 'fchownSync'
  | 'fsync'
  | 'linkSync'
  | 'lstatSync'
  | 'mkdirSync'
  | 'openSync'
  | 'readdirSync'
  | 'readFileSync'
  | 'realpathSync'
  | 'renameSync'
  | 'rmdirSync'
  | 'rmSync'
  | 'unlinkSync'
  | 'writeFileSync'
>;

/** The user and the group that a file belongs to; 0 on Windows. */
export type Owner = Record<'uid' | 'gid', number>;

/** The content, the mode and the owner of a regular file. */
export interface FileRead {
  content: Buffer;
  /** Permission bits. */
  mode: number;
  owner: Owner;
}

/** Undefined on Windows. */
const { O_NOFOLLOW } = constants as Partial<typeof constants>;
const NO_FOLLOW = O_NOFOLLOW ?? 0;

/** The size limit in bytes for reading a file: many times the size of any generated file. */
const LARGEST = 256n * 1024n * 1024n;

/** The number of files that are open at once; macOS allows 256. */
const BATCH = 64;

/**
 * The only access to the files of a project. The project's directory may be reached through a symbolic link, as the path is
 * the user's own, but no links are followed below it: right before it acts, every operation checks that each parent is a
 * directory and the target a regular file. Paths are relative and use `/`; `''` is the directory itself.
 *
 * Every method throws an ExpectedError with `EXIT.inTheWay` for a symbolic link, or for a directory in the place of a file,
 * and Node's own error when a call fails.
 */
export class Root {
  private readonly fs: FileSystem;
  /** The real path of the directory. */
  readonly directory: string;

  /** @param directory an existing directory */
  constructor(fs: FileSystem, directory: string) {
    this.fs = fs;
    this.directory = fs.realpathSync(directory);
  }

  /** The status of the regular file or directory at a path; undefined when there is none. */
  look(path: string): BigIntStats | undefined {
    const found = this.parentsOf(path) ? this.entry(path) : undefined;
    if (found !== undefined && !found.isFile() && !found.isDirectory()) throw inTheWay(path, found);
    return found;
  }

  /** Whether a path is in use, or a parent of it is not a directory. */
  isTaken(path: string): boolean {
    try {
      return this.look(path) !== undefined;
    } catch (error) {
      if (error instanceof ExpectedError) return true;
      throw error;
    }
  }

  /** A file's content, permissions and owner; undefined when there is no file. */
  read(path: string): FileRead | undefined {
    const found = this.file(path);
    if (found === undefined) return undefined;
    if (found.size > LARGEST) throw tooLarge(path);
    const opened = this.fs.openSync(this.at(path), constants.O_RDONLY | NO_FOLLOW);
    try {
      return { content: this.fs.readFileSync(opened), mode: Number(found.mode) & 0o777, owner: { uid: Number(found.uid), gid: Number(found.gid) } };
    } finally {
      this.fs.closeSync(opened);
    }
  }

  /** The names in a directory; empty when it does not exist. */
  list(path: string): string[] {
    return this.directoryAt(path) ? this.fs.readdirSync(this.at(path)) : [];
  }

  /** Whether two paths are the same file, through a hard link. */
  isSameFile(path: string, other: string): boolean {
    const [one, two] = [this.file(path), this.file(other)];
    return one !== undefined && two !== undefined && one.ino !== 0n && one.ino === two.ino && one.dev === two.dev;
  }

  /** Creates a directory and its parents, if they are missing. */
  makeDirectory(path: string): void {
    for (const directory of ancestorsOf(`${path}/x`)) {
      if (this.directoryAt(directory)) continue;
      try {
        this.fs.mkdirSync(this.at(directory));
      } catch (error) {
        if (codeOf(error) !== 'EEXIST' || !this.directoryAt(directory)) throw error;
      }
    }
  }

  /**
   * Creates a file; never replaces one. A file that could not be completed is removed.
   * @param isExact whether to ignore the umask
   * @param owner instead of this process
   */
  write(path: string, content: Buffer, mode: number, isExact = false, owner?: Owner): void {
    this.parentsOf(path);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;
    const opened = this.fs.openSync(this.at(path), flags, mode);
    try {
      try {
        if (owner !== undefined) this.give(opened, path, owner);
        this.fs.writeFileSync(opened, content);
        if (isExact) this.fs.fchmodSync(opened, mode);
      } finally {
        this.fs.closeSync(opened);
      }
    } catch (error) {
      try {
        this.fs.unlinkSync(this.at(path));
      } catch {
        // The first error is the one to report.
      }
      throw error;
    }
  }

  /** Moves a file, replacing any file at the new path. */
  rename(from: string, to: string): void {
    this.file(from);
    this.file(to);
    this.fs.renameSync(this.at(from), this.at(to));
  }

  /** Adds a hard link at another path, or a copy on a file system without hard links; never replaces a file. */
  place(from: string, to: string): void {
    this.file(from);
    this.parentsOf(to);
    try {
      this.fs.linkSync(this.at(from), this.at(to));
    } catch (error) {
      if (codeOf(error) === 'EEXIST') throw error;
      const file = this.read(from);
      if (file === undefined) throw error;
      this.write(to, file.content, file.mode, true);
    }
  }

  /** Removes a file, if it exists. */
  remove(path: string): void {
    if (this.file(path) === undefined) return;
    try {
      this.fs.unlinkSync(this.at(path));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }

  /** Removes a directory if it is empty. */
  removeEmpty(path: string): void {
    if (!this.directoryAt(path) || this.list(path).length > 0) return;
    try {
      this.fs.rmdirSync(this.at(path));
    } catch (error) {
      // It was filled or removed in the meantime.
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(codeOf(error))) throw error;
    }
  }

  /** Removes a directory with everything in it; symbolic links in it are removed, not followed. */
  removeAll(path: string): void {
    if (this.directoryAt(path)) this.fs.rmSync(this.at(path), { recursive: true, force: true });
  }

  /** Flushes files and directory entries to the disk; missing ones are left out. */
  async sync(paths: Iterable<string>): Promise<void> {
    const all = [...new Set(paths)];
    for (let at = 0; at < all.length; at += BATCH) await this.syncTogether(all.slice(at, at + BATCH));
  }

  /** In parallel, as the file system can then commit its own journal once for many files. */
  private async syncTogether(paths: readonly string[]): Promise<void> {
    const opened: number[] = [];
    try {
      for (const path of paths) {
        const found = this.look(path);
        // Windows flushes directory entries on its own, and cannot open a directory.
        const isWindows = O_NOFOLLOW === undefined;
        if (found === undefined || (isWindows && found.isDirectory())) continue;
        opened.push(this.fs.openSync(this.at(path), (isWindows ? constants.O_RDWR : constants.O_RDONLY) | NO_FOLLOW));
      }
      const results = await Promise.allSettled(opened.map((file) => this.syncOne(file)));
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    } finally {
      for (const file of opened) this.fs.closeSync(file);
    }
  }

  private syncOne(opened: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.fs.fsync(opened, (error) => {
        // The file system does not support fsync for this kind of file.
        if (error === null || ['EINVAL', 'ENOTSUP'].includes(error.code ?? '')) resolve();
        else reject(error);
      });
    });
  }

  private give(opened: number, path: string, { uid, gid }: Owner): void {
    const made = this.file(path);
    // A file system without owners gives all files the same one, and may refuse to set it.
    if (Number(made?.uid) !== uid || Number(made?.gid) !== gid) this.fs.fchownSync(opened, uid, gid);
  }

  private file(path: string): BigIntStats | undefined {
    const found = this.look(path);
    if (found?.isDirectory() === true) throw inTheWay(path, found);
    return found;
  }

  private directoryAt(path: string): boolean {
    const found = this.look(path);
    if (found?.isFile() === true) throw inTheWay(path, found);
    return found !== undefined;
  }

  /** Whether every parent directory exists. */
  private parentsOf(path: string): boolean {
    for (const directory of ancestorsOf(path)) {
      const found = this.entry(directory);
      if (found === undefined) return false;
      if (!found.isDirectory()) throw inTheWay(directory, found);
    }
    return true;
  }

  private entry(path: string): BigIntStats | undefined {
    return this.fs.lstatSync(this.at(path), { throwIfNoEntry: false, bigint: true });
  }

  private at(path: string): string {
    return join(this.directory, path);
  }
}

/** The parent directories of a path, outermost first, without the root. */
export function ancestorsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** The code of an operating system error; empty for any other error. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

/** Why a path cannot be a directory, as the end of a sentence; undefined for any other error. */
export function whyUnreachable(error: unknown): string | undefined {
  switch (codeOf(error)) {
    case 'ENOTDIR':
      return 'a part of its path is a file';
    case 'ENAMETOOLONG':
      return 'its name is too long';
    case 'ELOOP':
      return 'a symbolic link in its path leads back to itself';
    default:
      return undefined;
  }
}

function tooLarge(path: string): ExpectedError {
  return new ExpectedError(
    EXIT.inTheWay,
    `${path} is larger than ${LARGEST / 1024n / 1024n} MiB, the limit for a file of a project.`,
    'Replace it with the right file.',
  );
}

function inTheWay(path: string, found: BigIntStats): ExpectedError {
  const problem = found.isSymbolicLink()
    ? 'is a symbolic link; refusing to read or write through it'
    : found.isDirectory()
      ? 'is a directory, where a file belongs'
      : found.isFile()
        ? 'is a file, where a directory belongs'
        : 'is neither a file nor a directory';
  return new ExpectedError(EXIT.inTheWay, `${path} ${problem}.`, 'Replace it with a regular file or directory.');
}
