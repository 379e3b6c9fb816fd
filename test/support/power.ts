import * as fs from 'node:fs';
import { join } from 'node:path';

import type { FileSystem } from '../../src/project/root.ts';

/** A file's bytes: as the program wrote them, and as the disk has them for sure. */
interface File {
  current: Buffer;
  synced: Buffer | undefined;
}
interface Directory {
  id: number;
}
type Node = File | Directory;

/** A change of names in directories; one of two directories at once is a rename, which no disk does by halves. */
interface Change {
  directories: number[];
  perform: (names: Map<number, Map<string, Node>>) => void;
  isSynced: boolean;
}

const isDirectory = (node: Node | undefined): node is Directory => node !== undefined && 'id' in node;

/**
 * A disk that forgets what was not synced when the power fails. The names in a directory are kept up to some point between
 * the last sync of that directory and now, each directory on its own; the bytes of a file that was not synced are there, or
 * not, or some of them are. It watches what happens in a directory of the real file system.
 */
export class PowerDisk {
  readonly fs: FileSystem;
  /** Its calls so far. */
  calls = 0;
  /** The call at which the power fails. */
  failsAt = Infinity;
  private readonly root: string;
  private readonly changes: Change[] = [];
  private readonly initial = new Map<number, Map<string, Node>>();
  private readonly now = new Map<number, Map<string, Node>>();
  private readonly opened = new Map<number, string>();
  private count = 0;

  constructor(root: string) {
    this.root = root;
    this.load(root);
    for (const [id, names] of this.initial) this.now.set(id, new Map(names));
    this.fs = this.watched();
  }

  /** Makes the real directory what is left after the power failed. */
  fail(random: () => number): void {
    const names = new Map([...this.initial].map(([id, entries]) => [id, new Map(entries)]));
    const left = new Set<number>();
    this.closeOverSynced();
    for (const { directories, perform, isSynced } of this.changes) {
      const isKept = isSynced || (random() < 0.7 && !directories.some((id) => left.has(id)));
      if (isKept) perform(names);
      else for (const id of directories) left.add(id);
    }
    fs.rmSync(this.root, { recursive: true });
    const bytes = new Map<File, Buffer>();
    const write = (id: number, path: string) => {
      fs.mkdirSync(path);
      for (const [name, node] of names.get(id) ?? []) {
        if (isDirectory(node)) {
          write(node.id, join(path, name));
          continue;
        }
        const content = bytes.get(node) ?? bytesLeft(node, random);
        bytes.set(node, content);
        fs.writeFileSync(join(path, name), content);
      }
    };
    write(0, this.root);
  }

  /** What is synced is kept, and so is all that happened to the same directories before it. */
  private closeOverSynced(): void {
    const until = new Set<number>();
    for (const change of [...this.changes].reverse()) {
      change.isSynced ||= change.directories.some((id) => until.has(id));
      if (change.isSynced) for (const id of change.directories) until.add(id);
    }
  }

  private load(path: string): Directory {
    const directory = { id: this.count++ };
    const names = new Map<string, Node>();
    this.initial.set(directory.id, names);
    for (const entry of fs.readdirSync(path, { withFileTypes: true })) {
      const place = join(path, entry.name);
      if (entry.isDirectory()) {
        names.set(entry.name, this.load(place));
      } else {
        const content = fs.readFileSync(place);
        names.set(entry.name, { current: content, synced: content });
      }
    }
    return directory;
  }

  private nodeAt(path: string): Node | undefined {
    let node: Node | undefined = { id: 0 };
    for (const part of path.slice(this.root.length).split('/').filter(Boolean)) {
      node = isDirectory(node) ? this.now.get(node.id)?.get(part) : undefined;
    }
    return node;
  }

  private parentOf(path: string): [id: number, name: string] {
    const at = path.lastIndexOf('/');
    const parent = this.nodeAt(path.slice(0, at));
    if (!isDirectory(parent)) throw new Error(`${path} is in no directory that is known`);
    return [parent.id, path.slice(at + 1)];
  }

  private change(directories: number[], perform: Change['perform']): void {
    perform(this.now);
    this.changes.push({ directories, perform, isSynced: false });
  }

  private put(path: string, node: Node): void {
    const [id, name] = this.parentOf(path);
    this.change([id], (names) => void entriesOf(names, id).set(name, node));
  }

  private take(path: string): void {
    const [id, name] = this.parentOf(path);
    this.change([id], (names) => void entriesOf(names, id).delete(name));
  }

  private takeAll(path: string): void {
    const node = this.nodeAt(path);
    if (node === undefined) return;
    if (isDirectory(node)) for (const name of [...entriesOf(this.now, node.id).keys()]) this.takeAll(join(path, name));
    this.take(path);
  }

  private sync(opened: number): void {
    const node = this.nodeAt(this.opened.get(opened) ?? '');
    if (isDirectory(node)) {
      for (const change of this.changes) if (change.directories.includes(node.id)) change.isSynced = true;
    } else if (node !== undefined) {
      node.synced = node.current;
    }
  }

  private watched(): FileSystem {
    const step = () => {
      if (++this.calls >= this.failsAt) throw new Error('the power failed');
    };
    return {
      ...fs,
      openSync: (path, flags, mode) => {
        step();
        const place = String(path);
        const isNew = !fs.existsSync(place);
        const opened = fs.openSync(place, flags, mode);
        this.opened.set(opened, place);
        if (isNew) this.put(place, { current: Buffer.alloc(0), synced: undefined });
        return opened;
      },
      writeFileSync: (opened, content) => {
        step();
        fs.writeFileSync(opened, content);
        const node = this.nodeAt(this.opened.get(Number(opened)) ?? '');
        if (node !== undefined && !isDirectory(node)) node.current = Buffer.from(content as Uint8Array);
      },
      fsync: ((opened: number, done: (error: Error | null) => void) => {
        try {
          step();
        } catch (error) {
          done(error as Error);
          return;
        }
        this.sync(opened);
        done(null);
      }) as FileSystem['fsync'],
      mkdirSync: ((path: string, options?: fs.MakeDirectoryOptions) => {
        step();
        if (fs.existsSync(path) && options?.recursive === true) return undefined;
        fs.mkdirSync(path, options);
        const id = this.count++;
        this.now.set(id, new Map());
        this.initial.set(id, new Map());
        this.put(path, { id });
        return path;
      }) as FileSystem['mkdirSync'],
      linkSync: (from, to) => {
        step();
        fs.linkSync(from, to);
        this.put(String(to), this.nodeAt(String(from)) as Node);
      },
      renameSync: (from, to) => {
        step();
        fs.renameSync(from, to);
        const node = this.nodeAt(String(from)) as Node;
        const [[fromId, fromName], [toId, toName]] = [this.parentOf(String(from)), this.parentOf(String(to))];
        this.change([fromId, toId], (names) => {
          entriesOf(names, fromId).delete(fromName);
          entriesOf(names, toId).set(toName, node);
        });
      },
      unlinkSync: (path) => {
        step();
        fs.unlinkSync(path);
        this.take(String(path));
      },
      rmdirSync: ((path: string) => {
        step();
        fs.rmdirSync(path);
        this.take(path);
      }) as FileSystem['rmdirSync'],
      rmSync: (path, options) => {
        step();
        this.takeAll(String(path));
        fs.rmSync(path, options);
      },
    };
  }
}

function entriesOf(names: Map<number, Map<string, Node>>, id: number): Map<string, Node> {
  const found = names.get(id) ?? new Map<string, Node>();
  names.set(id, found);
  return found;
}

function bytesLeft({ current, synced }: File, random: () => number): Buffer {
  if (synced === current) return current;
  const choice = random();
  if (choice < 0.3) return current;
  if (choice < 0.6) return Buffer.alloc(0);
  return choice < 0.8 ? Buffer.alloc(current.length) : current.subarray(0, Math.floor(current.length / 2));
}
