import type { Terminal } from '../terminal/terminal.ts';
import { readArguments } from '../terminal/arguments.ts';
import { COMMANDS, COMPLETION, SHELLS } from '../terminal/commands.ts';
import { completionScript } from '../terminal/completion.ts';
import { usage } from '../terminal/options.ts';

/** `completion bash|zsh|fish`: prints the completion script of a shell. @throws ExpectedError for wrong usage */
export function completion({ argv, terminal }: { argv: readonly string[]; terminal: Terminal }): void {
  const { argument } = readArguments(argv, COMPLETION);
  const shell = SHELLS.find((one) => one === argument);
  if (shell === undefined) throw usage('The shell is missing.', `Give one of: ${SHELLS.join(', ')}.`);
  terminal.write(completionScript(shell, COMMANDS));
}
