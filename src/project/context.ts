import type { Templates } from '../render/plop.ts';
import type { RunProgram } from '../steps/process.ts';
import type { PromptStreams } from '../terminal/prompts.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { Machine } from './machine.ts';

/** The side effects of a command that changes a project. */
export interface ProjectContext {
  cwd: string;
  environment: NodeJS.ProcessEnv;
  machine: Machine;
  terminal: Terminal;
  /** The streams for prompts; undefined without a terminal or with --yes. */
  prompts: PromptStreams | undefined;
  templates: Templates;
  /** Aborted by Ctrl-C or another termination signal. */
  signal: AbortSignal;
  runProgram: RunProgram;
}

/** A project context with the arguments of the command. */
export interface Context extends ProjectContext {
  argv: readonly string[];
}
