import type { Templates } from '../render/plop.ts';
import type { RunProgram } from '../steps/process.ts';
import type { PromptStreams } from '../terminal/prompts.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** Everything of the world that a command touches, beside its own arguments. */
export interface Context {
  /** The arguments of the command. */
  argv: readonly string[];
  cwd: string;
  environment: NodeJS.ProcessEnv;
  terminal: Terminal;
  /** The streams to ask on; undefined where nobody can be asked. */
  prompts: PromptStreams | undefined;
  templates: Templates;
  /** Aborted by Ctrl-C and the like. */
  signal: AbortSignal;
  runProgram: RunProgram;
}
