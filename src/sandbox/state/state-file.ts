import * as nodeFileSystem from 'node:fs';
import { constants } from 'node:fs';

import { EXIT, ExpectedError, messageOf, unreadable } from '../../errors.ts';
import type { Machine } from '../../project/machine.ts';
import { codeOf } from '../../project/root.ts';
import { readRegularFile } from '../../terminal/regular-file.ts';
import type { State } from './records.ts';
import { lockFile } from './state-lock.ts';
import { readState } from './state-shape.ts';

/** What is kept of a sandbox. */
export interface Kept {
  /** Of the first user; it stays the same. */
  token: string;
  state: State;
}

/** The file of a state, which belongs to this process until it is closed. */
export interface StateFile {
  /** What was in it; undefined if it is new. */
  kept: Kept | undefined;
  /** Replaces what is in it, until it is closed. It never throws: if the file cannot be written, that is said once, and the sandbox goes on. */
  save: (kept: Kept) => void;
  close: () => void;
}

/** The calls of `node:fs` that write the file, injected so that tests can interrupt each of them. */
export type WritingFileSystem = Pick<typeof nodeFileSystem, 'closeSync' | 'fsyncSync' | 'openSync' | 'renameSync' | 'rmSync' | 'writeFileSync'>;

/** Changes when a file of an earlier version cannot be read as it is. */
const VERSION = 1;

/** Bytes of a file that is read: many times those of any state. */
const SIZE_LIMIT = 64 * 1_048_576;

/** Undefined on Windows. */
const { O_NOFOLLOW = 0 } = constants as Partial<typeof constants>;

const HINT = 'Give another --state, or delete it to begin anew.';

/**
 * Opens the file of a state, and locks it. Its content is not trusted: whatever is in it, it is read as a state or refused.
 *
 * @param say is told once that the file cannot be written
 * @throws ExpectedError if it cannot be read as a state, if another sandbox uses it, or if nothing can be written beside it
 */
export function openStateFile(
  path: string,
  machine: Machine,
  say: (text: string) => void,
  fs: WritingFileSystem = nodeFileSystem,
): StateFile {
  const unlock = locked(path, machine);
  try {
    const kept = readKept(path);
    const save = saverTo(path, say, fs);
    let isOpen = true;
    return {
      kept,
      save(next) {
        if (isOpen) save(next);
      },
      close() {
        isOpen = false;
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

function locked(path: string, machine: Machine): () => void {
  try {
    return lockFile(path, machine);
  } catch (error) {
    if (error instanceof ExpectedError) throw error;
    throw new ExpectedError(EXIT.inTheWay, `The state ${path} cannot be written: ${messageOf(error)}.`, 'Its directory must exist, and be writable.');
  }
}

function readKept(path: string): Kept | undefined {
  try {
    return parseKept(readRegularFile(path, SIZE_LIMIT, O_NOFOLLOW));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw unreadable(`The state ${path} cannot be read: ${codeOf(error) === 'ELOOP' ? 'it is a symbolic link' : messageOf(error)}.`, HINT);
  }
}

function parseKept(text: string): Kept {
  const parsed = JSON.parse(text) as unknown;
  if (typeof parsed !== 'object' || parsed === null) throw new Error('it is not the state of a sandbox');
  const { version, token, state } = parsed as Record<string, unknown>;
  if (version !== VERSION) throw new Error(`it is not a state of version ${VERSION}`);
  if (typeof token !== 'string' || !/^[\w-]{20,200}$/.test(token)) throw new Error('its token is not valid');
  return { token, state: readState(state, 'state') };
}

/** Writes what is kept as a whole: a process that is killed leaves the old content or the new one. */
function saverTo(path: string, say: (text: string) => void, fs: WritingFileSystem): (kept: Kept) => void {
  const next = `${path}.new`;
  let isFailing = false;
  return (kept) => {
    try {
      fs.rmSync(next, { force: true });
      const file = fs.openSync(next, 'wx', 0o600);
      try {
        fs.writeFileSync(file, `${JSON.stringify({ version: VERSION, ...kept })}\n`);
        fs.fsyncSync(file);
      } finally {
        fs.closeSync(file);
      }
      fs.renameSync(next, path);
      isFailing = false;
    } catch (error) {
      if (!isFailing) say(`The state is kept in memory only, as ${path} cannot be written: ${messageOf(error)}`);
      isFailing = true;
      discard(next, fs);
    }
  };
}

/** What is half written takes up a disk that is full. */
function discard(path: string, fs: WritingFileSystem): void {
  try {
    fs.rmSync(path, { force: true });
  } catch {
    // The next write tries again.
  }
}
