import { constants, type BigIntStats } from 'node:fs';
import type * as NodeFileSystem from 'node:fs';
import { join } from 'node:path';

import { EXIT, ExpectedError } from '../errors.ts';

/** The calls of `node:fs` that the program makes on a project, so that a test can stop it at every one of them. */
export type FileSystem = Pick<
  typeof NodeFileSystem,
  | 'closeSync'
  | 'fchmodSync'
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

/** A plain file as it was read. */
export interface FileRead {
  content: Buffer;
  /** Permission bits. */
  mode: number;
}

/** Windows has no such flag, and opens no link that is not followed. */
const { O_NOFOLLOW } = constants as Partial<typeof constants>;
const NO_FOLLOW = O_NOFOLLOW ?? 0;

/** Bytes of the largest file that is read: many times what is made. */
const LARGEST = 256n * 1024n * 1024n;

/** How many files are open at once; macOS allows 256. */
const BATCH = 64;

/**
 * A project's directory, and the only way to what is below it. The directory itself may be reached through a link: that is
 * the user's own path. Nothing below it is: every operation looks, right before it acts, whether each part of its path is a
 * plain directory and its end a plain file. Paths are relative, with `/` between their parts; `''` is the directory itself.
 *
 * Every method throws an ExpectedError with the exit code for something in the way when it meets a link, or a directory in
 * the place of a file; and what Node throws when a call fails.
 */
export class Root {
  private readonly fs: FileSystem;
  /** Its real path. */
  readonly directory: string;

  /** @param directory one that exists */
  constructor(fs: FileSystem, directory: string) {
    this.fs = fs;
    this.directory = fs.realpathSync(directory);
  }

  /** What is at a path, a plain file or a directory; undefined for nothing. */
  look(path: string): BigIntStats | undefined {
    const found = this.parentsOf(path) ? this.entry(path) : undefined;
    if (found !== undefined && !found.isFile() && !found.isDirectory()) throw inTheWay(path, found);
    return found;
  }

  /** Whether a file can't be made at a path because something is there, or on the way to it. */
  isTaken(path: string): boolean {
    try {
      return this.look(path) !== undefined;
    } catch (error) {
      if (error instanceof ExpectedError) return true;
      throw error;
    }
  }

  /** A file's content and permissions; undefined when it is not there. */
  read(path: string): FileRead | undefined {
    const found = this.file(path);
    if (found === undefined) return undefined;
    if (found.size > LARGEST) throw tooLarge(path);
    const opened = this.fs.openSync(this.at(path), constants.O_RDONLY | NO_FOLLOW);
    try {
      return { content: this.fs.readFileSync(opened), mode: Number(found.mode) & 0o777 };
    } finally {
      this.fs.closeSync(opened);
    }
  }

  /** The names in a directory; none when it is not there. */
  list(path: string): string[] {
    return this.directoryAt(path) ? this.fs.readdirSync(this.at(path)) : [];
  }

  /** Whether two paths are one file. */
  isSameFile(path: string, other: string): boolean {
    const [one, two] = [this.file(path), this.file(other)];
    return one !== undefined && two !== undefined && one.ino !== 0n && one.ino === two.ino && one.dev === two.dev;
  }

  /** Makes a directory, and those that it is in, where they are missing. */
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
   * Makes a new file; never replaces one. What was written of it is removed when it fails.
   * @param isExact whether it has these permissions whatever the process masks off
   */
  write(path: string, content: Buffer, mode: number, isExact = false): void {
    this.parentsOf(path);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;
    const opened = this.fs.openSync(this.at(path), flags, mode);
    try {
      try {
        this.fs.writeFileSync(opened, content);
        if (isExact) this.fs.fchmodSync(opened, mode);
      } finally {
        this.fs.closeSync(opened);
      }
    } catch (error) {
      try {
        this.fs.unlinkSync(this.at(path));
      } catch {
        // What made it fail is what there is to say.
      }
      throw error;
    }
  }

  /** Moves a file; what is at the other path is replaced. */
  rename(from: string, to: string): void {
    this.file(from);
    this.file(to);
    this.fs.renameSync(this.at(from), this.at(to));
  }

  /** Puts a file at another path as well; never replaces one. A file system without hard links gets a copy. */
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

  /** Removes a file, where it is there. */
  remove(path: string): void {
    if (this.file(path) === undefined) return;
    try {
      this.fs.unlinkSync(this.at(path));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }

  /** Removes a directory that has nothing in it; any other one stays. */
  removeEmpty(path: string): void {
    if (!this.directoryAt(path) || this.list(path).length > 0) return;
    try {
      this.fs.rmdirSync(this.at(path));
    } catch (error) {
      // Something was put there, or it was removed, in the meantime.
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(codeOf(error))) throw error;
    }
  }

  /** Removes a directory with everything in it; links in it are removed, not followed. */
  removeAll(path: string): void {
    if (this.directoryAt(path)) this.fs.rmSync(this.at(path), { recursive: true, force: true });
  }

  /** Has the disk itself keep files, or the names in directories, whatever happens to the power; missing ones are left out. */
  async sync(paths: Iterable<string>): Promise<void> {
    const all = [...new Set(paths)];
    for (let at = 0; at < all.length; at += BATCH) await this.syncTogether(all.slice(at, at + BATCH));
  }

  /** At the same time: the disk writes its own journal once for many. */
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
        // A file system that says it has nothing to do for this kind of file.
        if (error === null || ['EINVAL', 'ENOTSUP'].includes(error.code ?? '')) resolve();
        else reject(error);
      });
    });
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

  /** Whether every directory on the way is there. */
  private parentsOf(path: string): boolean {
    for (const directory of ancestorsOf(path)) {
      const found = this.entry(directory);
      if (found === undefined) return false;
      if (!found.isDirectory()) throw inTheWay(directory, found);
    }
    return true;
  }

  /** The directory itself may be a link. */
  private entry(path: string): BigIntStats | undefined {
    return this.fs.lstatSync(this.at(path), { throwIfNoEntry: false, bigint: true });
  }

  private at(path: string): string {
    return join(this.directory, path);
  }
}

/** The directories that a path is in, from the outermost on; not the root. */
export function ancestorsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** The code of an error of the operating system; empty for any other. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

/** Why the file system cannot have a directory of a path, as the end of a sentence; undefined for any other error. */
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
  return new ExpectedError(EXIT.inTheWay, `${path} ${problem}.`, 'Put a plain file or directory in its place.');
}
