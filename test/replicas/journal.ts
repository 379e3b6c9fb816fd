import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A line that the backend of a replica wrote. */
interface Note {
  /** Microseconds of the machine's own clock. */
  at: number;
  pid: number;
  call: string;
  method: 'create' | 'update' | 'destroy' | 'bind' | 'unbind';
  what: 'begin' | 'made' | 'found' | 'destroyed' | 'aborted' | 'end';
  id: string;
  name: string;
}

/** Microseconds, from the first moment at which locks may be lost to the last. */
interface Loss {
  from: number;
  to: number;
}

/** What the backends of all replicas really did, read from their disk. */
export class Journal {
  readonly directory: string;
  /** When each process was losing its locks: by its end, or with its connections. */
  readonly #losses = new Map<number, Loss[]>();

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(join(directory, 'things'), { recursive: true });
  }

  /**
   * Must be called before it happens: what a process still does while its locks are being lost is no overlap.
   * @returns a function to call once they are lost
   */
  losing(pid: number): () => void {
    const loss: Loss = { from: now(), to: Infinity };
    this.#losses.set(pid, [...(this.#losses.get(pid) ?? []), loss]);
    return () => {
      loss.to = now();
    };
  }

  /** Lets every call of the backend on an instance wait. @returns a function that lets them go on */
  holdBack(name: string): () => void {
    const file = join(this.directory, `${name}.held`);
    writeFileSync(file, '');
    return () => {
      rmSync(file, { force: true });
    };
  }

  notes(): Note[] {
    const file = join(this.directory, 'journal');
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as Note);
  }

  /** How often the backend was asked to bind an instance. */
  bindsOf(name: string): number {
    return this.notes().filter((note) => note.name === name && note.method === 'bind' && note.what === 'begin').length;
  }

  /** What was done for an instance, a line each, in order. */
  toldOf(name: string): string[] {
    return this.notes().flatMap((note) => (note.name === name ? `${note.at} ${told(note)}: ${note.what}` : []));
  }

  /** The ids of the provisioned instances of that name. */
  thingsOf(name: string): string[] {
    const files = readdirSync(join(this.directory, 'things'));
    return files.filter((file) => !file.includes('.') && this.#read(file) === name);
  }

  /** The secret of an app on an instance. */
  secretOf(id: string, app: string): string | undefined {
    return this.#read(`${id}.${app}`);
  }

  /** The creations that began and did not end, as their process was killed. */
  interrupted(): number {
    const notes = this.notes();
    const ended = new Set(notes.filter(({ what }) => what === 'end').map(({ call }) => call));
    return notes.filter(({ method, what, call }) => method === 'create' && what === 'begin' && !ended.has(call)).length;
  }

  /** What was provisioned twice, or by two processes at once. */
  violations(): string[] {
    const found: string[] = [];
    /** The open call on each name. */
    const open = new Map<string, Note>();
    /** The id of the provisioned instance of each name. */
    const made = new Map<string, string>();
    for (const note of this.notes()) {
      const { name, id, what, call } = note;
      const other = open.get(name);
      if (what === 'begin') {
        if (other !== undefined && !this.#hasLostLocks(other, note.at)) {
          found.push(`${name}: ${told(note)} began while ${told(other)} was running`);
        }
        open.set(name, note);
      }
      if (what === 'made') {
        const before = made.get(name);
        if (before !== undefined) found.push(`${name}: ${told(note)} provisioned it while ${before} was provisioned`);
        made.set(name, id);
      }
      if (what === 'destroyed' && made.get(name) === id) made.delete(name);
      if (what === 'end' && other?.call === call) open.delete(name);
    }
    return found;
  }

  /** Whether a call has lost its lock before that time. */
  #hasLostLocks({ pid, at: begin }: Note, end: number): boolean {
    return (this.#losses.get(pid) ?? []).some(({ from, to }) => begin <= to && from <= end);
  }

  #read(file: string): string | undefined {
    try {
      return readFileSync(join(this.directory, 'things', file), 'utf8');
    } catch (error) {
      // Those of others come and go.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

function now(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

function told({ method, id, pid }: Note): string {
  return `${method} of ${id} in process ${pid}`;
}
