import type { Templates } from '../render/plop.ts';
import type { RunProgram } from '../steps/process.ts';
import type { PromptStreams } from '../terminal/prompts.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { Machine } from './machine.ts';

/** Everything outside a project that a change of it touches. */
export interface ProjectContext {
  cwd: string;
  environment: NodeJS.ProcessEnv;
  machine: Machine;
  terminal: Terminal;
  /** The streams to ask on; undefined without a terminal, and with --yes. */
  prompts: PromptStreams | undefined;
  templates: Templates;
  /** Aborted by Ctrl-C and the like. */
  signal: AbortSignal;
  runProgram: RunProgram;
}

/** The same for a command, with its arguments. */
export interface Context extends ProjectContext {
  argv: readonly string[];
}
