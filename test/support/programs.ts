import { run, type RunProgram } from '../../src/steps/process.ts';

/** Runs programs as the command line does. */
export const runProgram: RunProgram = (command) => run(command, process);
