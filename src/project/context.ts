import type { Templates } from '../render/render.ts';
import type { PromptStreams } from '../terminal/prompts.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** Everything of the world that a command touches, beside its own arguments. */
export interface Context {
  /** The arguments of the command. */
  argv: readonly string[];
  cwd: string;
  environment: NodeJS.ProcessEnv;
  terminal: Terminal;
  /** The streams to ask on; undefined without a terminal, and with --yes. */
  prompts: PromptStreams | undefined;
  templates: Templates;
  /** Aborted by Ctrl-C and the like. */
  signal: AbortSignal;
}
