import type { RunProgram } from '../steps/process.ts';

/** Runs a program, if it is there, and does not wait for it: some of them are the browser itself. */
const IN_THE_BACKGROUND = 'command -v "$1" >/dev/null && { "$@" </dev/null >/dev/null 2>&1 & }';

/** Opens an address in the user's browser, by the program that the platform has for that. @returns whether there is one */
export async function openInBrowser(
  address: string,
  platform: NodeJS.Platform,
  runProgram: RunProgram,
  place: { cwd: string; environment: NodeJS.ProcessEnv },
): Promise<boolean> {
  const opener = platform === 'darwin' ? 'open' : 'xdg-open';
  const [command, args] =
    platform === 'win32' ? ['cmd', ['/c', 'start', '""', address]] : ['sh', ['-c', IN_THE_BACKGROUND, 'sh', opener, address]];
  return (await runProgram({ command, args, ...place })).ok;
}
