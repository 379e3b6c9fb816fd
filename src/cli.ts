import * as fs from 'node:fs';

import { ExpectedError } from './errors.ts';
import type { Program } from './steps/process.ts';
import { isGiven } from './terminal/arguments.ts';
import { commandIn } from './terminal/commands.ts';

declare const PACKAGE_VERSION: string;

/** Milliseconds in which signals are one Ctrl-C. */
const ONE_CTRL_C = 500;

/** Milliseconds that a service has to start again with a new password, and between two rounds of questions to it. */
const PACE = { patience: 20_000, pause: 1000 };

/** As in the output of a program that failed. */
const COLOUR = /(?!\n)\p{Cc}\[[\d;]*m/gu;

/** The entry point, and the only file that uses `process`. Each command is loaded when it runs, so that `--help` is fast. */
async function main(): Promise<void> {
  const { argv, env, stdin, stdout, stderr } = process;
  const args = argv.slice(2);
  let isIncomplete = false;
  for (const stream of [stdout, stderr]) {
    stream.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      // A reader that stops early, such as `head`, or a terminal that is closed, must not end the work.
      if (code === 'EPIPE' || code === 'EIO') return;
      // A full disk must not end it either, but a script has to know that output is missing.
      if (!isIncomplete && stream === stdout) stderr.write(`The output is incomplete: ${message}\n`);
      isIncomplete = true;
    });
  }
  process.once('exit', () => {
    if (isIncomplete) process.exitCode ||= 1;
  });
  const command = commandIn(args);
  const has = (flag: string) => isGiven(args, command.options, flag);
  if (has('version')) {
    stdout.write(`${PACKAGE_VERSION}\n`);
    return;
  }
  if (has('help')) {
    const { helpFor } = await import('./terminal/help.ts');
    stdout.write(helpFor(command, stdout.isTTY ? stdout.columns : 100));
    return;
  }
  const { terminalOf } = await import('./terminal/terminal.ts');
  const terminal = terminalOf(stdout, stderr, env);
  const [abort, hurry] = [new AbortController(), new AbortController()];
  let first = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // One Ctrl-C can arrive twice: from the terminal, and passed on by npm.
      if (abort.signal.aborted && performance.now() - first > ONE_CTRL_C) hurry.abort();
      else if (!abort.signal.aborted) first = performance.now();
      abort.abort();
    });
  }
  const context = { cwd: process.cwd(), environment: env, terminal, signal: abort.signal };
  const isInteractive = stdin.isTTY && stdout.isTTY && !has('yes');
  const running = async () => ({
    machine: (await import('./project/machine.ts')).machineOf(process),
    // Loaded only when a program is run.
    runProgram: async (program: Program) => (await import('./steps/process.ts')).run(program, process),
  });
  const writing = async () => ({
    ...{ ...context, ...(await running()) },
    // Decided before anything is asked: a prompt on a pipe would wait forever.
    prompts: isInteractive ? { stdin, stdout, signal: abort.signal } : undefined,
    templates: (await import('./render/packed.ts')).packedTemplates(),
  });
  const rest = args.slice(1);
  switch (args[0]) {
    case 'check': {
      const { check } = await import('./commands/check.ts');
      process.exitCode = await check({ ...context, argv: rest, hurry: hurry.signal });
      return;
    }
    case 'publish': {
      const { publish } = await import('./commands/publish.ts');
      const { machine } = await running();
      const newPassword = async () => (await import('./project/new.ts')).newPassword();
      process.exitCode = await publish({ ...context, argv: rest, machine, fs, newPassword, pace: PACE });
      return;
    }
    case 'sandbox': {
      const { sandbox } = await import('./commands/sandbox.ts');
      return sandbox({ ...context, ...(await running()), argv: rest, hurry: hurry.signal, platform: process.platform });
    }
    case 'manifest': {
      const { manifest } = await import('./commands/manifest.ts');
      manifest({ ...context, argv: rest });
      return;
    }
    case 'completion': {
      const { completion } = await import('./commands/completion.ts');
      completion({ ...context, argv: rest });
      return;
    }
    case 'regenerate': {
      const { regenerate } = await import('./commands/regenerate.ts');
      process.exitCode = await regenerate({ ...(await writing()), argv: rest });
      return;
    }
    case 'endpoint': {
      const { endpoint } = await import('./commands/endpoint.ts');
      process.exitCode = await endpoint({ ...(await writing()), argv: rest });
      return;
    }
    default: {
      const { create } = await import('./commands/create.ts');
      const { newPassword } = await import('./project/new.ts');
      process.exitCode = await create({ ...(await writing()), argv: args, newPassword });
    }
  }
}

/** What is said of an error: of a bug, its stack. */
function textOf(error: unknown): string {
  if (error instanceof ExpectedError) return [error.message, error.hint].filter((text) => text !== '').join('\n');
  // An error of the operating system, such as a missing permission, is not a bug.
  if (error instanceof Error) return 'syscall' in error ? error.message : (error.stack ?? error.message);
  return String(error);
}

main().catch(async (error: unknown) => {
  process.exitCode = error instanceof ExpectedError ? error.exitCode : 1;
  const { withEscapes } = await import('./terminal/terminal.ts');
  process.stderr.write(`${withEscapes(textOf(error).replace(COLOUR, ''))}\n`);
});
