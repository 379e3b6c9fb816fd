import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { Commands, EditedFile, Step } from './document.ts';
import { isShown } from './output.ts';
import { Running, Shell } from './terminals.ts';

export interface ReaderOptions {
  /** Where it opens its terminals. */
  directory: string;
  env: NodeJS.ProcessEnv;
  /** Other ports for those of the document, which may be taken here. */
  ports?: ReadonlyMap<number, number>;
}

/** Does what a document says, and compares what is printed with what the document shows. */
export class Reader {
  readonly #options: ReaderOptions;
  readonly #shell: Shell;
  readonly #running = new Map<string, Running>();
  /** The port here for each of the document. */
  readonly #ports: Map<number, number>;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#ports = new Map(options.ports);
    this.#shell = new Shell(options.directory, options.env);
  }

  /**
   * @returns what commands printed that have ended
   * @throws Error that names the line, when a step fails or prints something else than the document shows
   */
  async follow(step: Step): Promise<string> {
    try {
      if (step.kind === 'commands' && step.terminal === undefined) return await this.#run(step);
      if (step.kind === 'commands') await this.#start(step);
      else if (step.kind === 'interrupt') await this.#running.get(step.terminal)?.interrupt();
      else if (step.kind === 'edit') this.#edit(step);
      else this.#write(step.path, this.#here(step.text));
      return '';
    } catch (error) {
      if (error instanceof Error) error.message = `Line ${step.line}: ${error.message}`;
      throw error;
    }
  }

  /** Ends what still goes on. */
  async close(): Promise<void> {
    for (const running of this.#running.values()) await running.interrupt();
    await this.#shell.close();
  }

  async #run({ text, copiedFrom, exit, output }: Commands): Promise<string> {
    const commands = copiedFrom === undefined ? this.#here(text) : this.#copied(text, copiedFrom);
    const printed = await this.#shell.run(commands);
    if (printed.status !== exit) throw new Error(`exit code ${printed.status}\n${commands}\n${printed.output}`);
    if (output !== undefined && !isShown(printed.output, this.#here(output))) throw new Error(differing(output, printed.output));
    return printed.output;
  }

  async #start({ terminal = '', text, output = '' }: Commands): Promise<void> {
    const { directory, env } = this.#options;
    const running = new Running(this.#here(text), directory, env);
    this.#running.set(terminal, running);
    await running.until((printed) => isShown(printed, this.#here(output), false));
    this.#learn(output, running.output);
  }

  /** A program may choose its port. From here on, the one that the document shows stands for the one that it chose. */
  #learn(shown: string, printed: string): void {
    const [here, there] = [shown, printed].map((text) => /^export TSURU_TARGET=http:\/\/127\.0\.0\.1:(\d+)$/m.exec(text)?.[1]);
    if (here !== undefined && there !== undefined) this.#ports.set(Number(here), Number(there));
  }

  /** The lines of another terminal that begin as those of the document do, up to the first `=`. */
  #copied(text: string, terminal: string): string {
    const printed = this.#running.get(terminal)?.output.split('\n') ?? [];
    const lines = text.trim().split('\n').map((line) => {
      const start = line.slice(0, line.indexOf('=') + 1);
      const found = printed.find((one) => one.startsWith(start));
      if (found === undefined) throw new Error(`the terminal ${terminal} has printed no line that begins with ${start}`);
      return found;
    });
    return lines.join('\n');
  }

  #write(path: string, text: string): void {
    const file = join(this.#options.directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  #edit({ path, removed, added }: EditedFile): void {
    const before = readFileSync(join(this.#options.directory, path), 'utf8').split(removed);
    if (before.length !== 2) throw new Error(`${path} has this ${before.length - 1} times:\n${removed}`);
    this.#write(path, before.join(this.#here(added)));
  }

  /** A text of the document with the ports that are free here. */
  #here(text: string): string {
    return text.replace(/\b\d{4}\b/g, (digits) => String(this.#ports.get(Number(digits)) ?? digits));
  }
}

function differing(shown: string, printed: string): string {
  return `the document shows\n${shown}\nbut this was printed:\n${printed}`;
}
