import { ExpectedError } from './errors.ts';
import type { Command } from './steps/process.ts';

declare const PACKAGE_VERSION: string;

/** The entry: what needs nothing else is answered here, everything else is loaded when it is needed. */
async function main(): Promise<void> {
  const { argv, env, stdin, stdout, stderr } = process;
  const args = argv.slice(2);
  // Whoever reads only the beginning, such as `head`, has what they want.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const { commandIn } = await import('./terminal/commands.ts');
  const { isGiven } = await import('./terminal/options.ts');
  const command = commandIn(args);
  const isAsked = (flag: string) => isGiven(args, command.options, flag);
  if (isAsked('version')) {
    stdout.write(`${PACKAGE_VERSION}\n`);
    return;
  }
  if (isAsked('help')) {
    const { helpFor } = await import('./terminal/help.ts');
    stdout.write(helpFor(command, stdout.isTTY ? stdout.columns : 100));
    return;
  }
  const { terminalOf } = await import('./terminal/terminal.ts');
  const terminal = terminalOf(stdout, stderr, env);
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      abort.abort();
    });
  }
  const context = { cwd: process.cwd(), environment: env, terminal, signal: abort.signal };
  if (args[0] === 'check') {
    const { check } = await import('./commands/check.ts');
    process.exitCode = await check({ ...context, argv: args.slice(1) });
    return;
  }
  const { packedTemplates } = await import('./render/packed.ts');
  const { machineOf } = await import('./project/machine.ts');
  const whole = {
    ...context,
    machine: machineOf(process),
    // Loaded only when a program is run.
    runProgram: async (command: Command) => (await import('./steps/process.ts')).run(command, process),
    // Decided before anything is asked: a question on a pipe would wait for ever.
    prompts: stdin.isTTY && stdout.isTTY ? { stdin, stdout, signal: abort.signal } : undefined,
    templates: await packedTemplates(),
  };
  if (args[0] === 'regenerate') {
    const { regenerate } = await import('./commands/regenerate.ts');
    process.exitCode = await regenerate({ ...whole, argv: args.slice(1) });
  } else if (args[0] === 'endpoint') {
    const { endpoint } = await import('./commands/endpoint.ts');
    process.exitCode = await endpoint({ ...whole, argv: args.slice(1) });
  } else {
    const { create } = await import('./commands/create.ts');
    const { newPassword } = await import('./project/new.ts');
    process.exitCode = await create({ ...whole, argv: args, newPassword });
  }
}

main().catch((error: unknown) => {
  if (error instanceof ExpectedError) {
    process.stderr.write(`${[error.message, error.hint].filter((text) => text !== '').join('\n')}\n`);
    process.exitCode = error.exitCode;
  } else if (error instanceof Error && 'syscall' in error) {
    // What the system refuses, such as a file without the right to read it, is no bug.
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  } else {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  }
});
