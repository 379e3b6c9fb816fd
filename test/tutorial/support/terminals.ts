import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';

/** How commands ended. */
export interface Ended {
  /** Everything that they printed, on both streams. */
  output: string;
  /** The status of the last command that failed; 0 when none did. */
  status: number;
}

/** A bash that keeps its directory and its variables from one block of commands to the next. */
export class Shell {
  readonly #bash: ChildProcess;
  readonly #closed: Promise<unknown>;
  #output = '';
  #look: () => void = () => undefined;

  constructor(cwd: string, env: NodeJS.ProcessEnv) {
    this.#bash = spawn('bash', ['--noprofile', '--norc'], { cwd, env, stdio: ['pipe', 'pipe', 'ignore'] });
    this.#closed = once(this.#bash, 'close');
    this.#bash.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
      this.#look();
    });
  }

  /** Runs commands to their end. Nothing is typed to them. @throws Error when they end the shell */
  async run(commands: string): Promise<Ended> {
    const mark = randomUUID();
    this.#output = '';
    const found = new Promise<Ended>((resolve) => {
      this.#look = () => {
        const [output = '', status] = this.#output.split(mark);
        if (status?.endsWith('\n') === true) resolve({ output, status: Number(status) });
      };
    });
    // A trap of this kind sees a failure that a later command hides.
    const quoted = `'${commands.replaceAll("'", "'\\''")}'`;
    this.#bash.stdin?.write(`failure=0; trap 'failure=$?' ERR; eval ${quoted} </dev/null 2>&1; trap - ERR; echo "${mark}$failure"\n`);
    return Promise.race([
      found,
      this.#closed.then(() => Promise.reject(new Error(`These commands ended the shell:\n${commands}\n${this.#output}`))),
    ]);
  }

  async close(): Promise<void> {
    this.#bash.stdin?.end();
    await this.#closed;
  }
}

/** Commands in a terminal of their own, the last of which goes on. */
export class Running {
  readonly #bash: ChildProcess;
  readonly #closed: Promise<unknown>;
  #output = '';
  #look: () => void = () => undefined;

  constructor(commands: string, cwd: string, env: NodeJS.ProcessEnv) {
    // A process group of its own, as in a terminal, where Ctrl-C reaches all processes of the group.
    this.#bash = spawn('bash', ['--noprofile', '--norc', '-c', `exec 2>&1\n${commands}`], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    this.#closed = once(this.#bash, 'close');
    this.#bash.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
      this.#look();
    });
  }

  get output(): string {
    return this.#output;
  }

  /** Waits until its output is as wanted. @throws Error with its output, when it ends before */
  async until(isWanted: (output: string) => boolean): Promise<void> {
    const wanted = new Promise<void>((resolve) => {
      this.#look = () => {
        if (isWanted(this.#output)) resolve();
      };
    });
    this.#look();
    await Promise.race([wanted, this.#closed.then(() => Promise.reject(new Error(`It ended:\n${this.#output}`)))]);
    this.#look = () => undefined;
  }

  /** Ends it with Ctrl-C. */
  async interrupt(): Promise<void> {
    if (this.#bash.pid !== undefined && this.#bash.exitCode === null && this.#bash.signalCode === null) process.kill(-this.#bash.pid, 'SIGINT');
    await this.#closed;
  }
}
