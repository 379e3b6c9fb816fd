import type { Answers } from '../answers/answers.ts';
import { readArguments } from './arguments.ts';
import { CREATE } from './commands.ts';
import type { Values } from './options.ts';

/** The options of the default command that are not answers. */
export type Switches = Pick<
  Values<typeof CREATE.options>,
  'yes' | 'dryRun' | 'overwrite' | 'install' | 'verify' | 'git'
>;

/** The arguments of the default command. */
export interface CommandLine {
  directory: string | undefined;
  answers: Partial<Answers>;
  switches: Switches;
}

/** Reads the arguments of the default command. @throws ExpectedError for wrong usage */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const { values, argument: directory } = readArguments(argv, CREATE);
  const { yes, dryRun, overwrite, install, verify, git, help: _help, version: _version, ...answers } = values;
  return { directory, answers, switches: { yes, dryRun, overwrite, install, verify, git } };
}
