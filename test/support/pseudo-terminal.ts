import { spawn } from '@lydell/node-pty';

/** A program on a pseudo-terminal of 40 rows. */
export interface OnTerminal {
  /** Waits for a text on the screen that was not there before, and then types. */
  type: (text: string, ...keys: string[]) => Promise<void>;
  /** Its exit code, once it has ended. */
  ended: Promise<number>;
  kill: (signal: string) => void;
  /** Everything that it has written, with its control sequences. */
  screen: () => string;
}

export interface PseudoTerminalOptions {
  cwd: string;
  columns: number;
  environment: NodeJS.ProcessEnv;
}

export function startOnTerminal(program: string, args: readonly string[], { cwd, columns, environment }: PseudoTerminalOptions): OnTerminal {
  const terminal = spawn(program, [...args], { cwd, cols: columns, rows: 40, env: { ...environment, TERM: 'xterm-256color' } });
  let screen = '';
  let seen = 0;
  const listeners = new Set<() => void>();
  terminal.onData((data) => {
    screen += data;
    for (const listener of listeners) listener();
  });
  const ended = new Promise<number>((resolve) => {
    terminal.onExit(({ exitCode }) => {
      resolve(exitCode);
    });
  });
  const shows = (text: string) =>
    new Promise<void>((resolve) => {
      const look = () => {
        const at = screen.indexOf(text, seen);
        if (at === -1) return;
        seen = at + text.length;
        listeners.delete(look);
        resolve();
      };
      listeners.add(look);
      look();
    });
  return {
    ended,
    async type(text, ...keys) {
      await shows(text);
      for (const key of keys) terminal.write(key);
    },
    kill: (signal) => {
      terminal.kill(signal);
    },
    screen: () => screen,
  };
}
