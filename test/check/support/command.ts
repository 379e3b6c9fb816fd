import { check } from '../../../src/commands/check.ts';
import { ExpectedError } from '../../../src/errors.ts';
import { terminalOf } from '../../../src/terminal/terminal.ts';
import { PASSWORD, USERNAME } from '../broken/reference.ts';

export interface CommandRun {
  code: number;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  cwd?: string;
  signal?: AbortSignal;
  hurry?: AbortSignal;
  /** Called with each text on standard output. */
  onOutput?: (text: string) => void;
}

/** Runs `check` in this process, with the credentials of the reference service. An expected error becomes its exit code. */
export async function runCheck(argv: readonly string[], options: CommandOptions = {}): Promise<CommandRun> {
  const { cwd = '/', signal = new AbortController().signal, hurry = new AbortController().signal, onOutput } = options;
  let [stdout, stderr] = ['', ''];
  const output = {
    write(text: string) {
      stdout += text;
      onOutput?.(text);
    },
  };
  const terminal = terminalOf(output, { write: (text) => (stderr += text) }, {});
  const environment = { SERVICE_USERNAME: USERNAME, SERVICE_PASSWORD: PASSWORD };
  try {
    const code = await check({ argv, cwd, environment, terminal, signal, hurry });
    return { code, stdout, stderr };
  } catch (error) {
    if (!(error instanceof ExpectedError)) throw error;
    return { code: error.exitCode, stdout, stderr: `${stderr}${error.message}\n${error.hint}` };
  }
}
