import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { inject } from 'vitest';

/** Flags that answer everything but the directory and the service id. */
export const ANSWERED = [
  ...['--framework', 'hono', '--backend', 'blank', '--provisioning', 'inline', '--team', ''],
  ...['--endpoint', 'http://localhost:1', '--plan', 'a=b', '--no-install', '--no-git'],
];

export interface Run {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd: string;
  environment?: Record<string, string | undefined>;
  /** Standard input: nothing at all, as in CI; or a pipe that is neither written to nor closed. */
  stdin?: 'ignore' | 'pipe';
  /** Milliseconds after which it is killed, with no chance to do anything. */
  killAfter?: number;
}

/** Runs the packed command line as a user runs it. */
export async function runCli(
  args: readonly string[],
  { cwd, environment, stdin = 'ignore', killAfter }: RunOptions,
): Promise<Run> {
  const child = spawn(inject('bin'), args, {
    cwd,
    stdio: [stdin, 'pipe', 'pipe'],
    env: { ...quiet(), ...environment },
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  return { code, signal, stdout, stderr };
}

/** The environment without colours, npm's own variables, and what only slows a start down. */
export function quiet(): NodeJS.ProcessEnv {
  const left = /^(npm_|FORCE_COLOR|NO_COLOR|NODE_EXTRA_CA_CERTS|NODE_ENV|VITEST|TEST|CI)/;
  const kept = Object.entries(process.env).filter(([key]) => !left.test(key));
  // The state of a run does not belong in the home directory of the user.
  return { ...Object.fromEntries(kept), XDG_STATE_HOME: join(tmpdir(), 'create-tsuru-service-tests') };
}

/** The same for what fetches packages, with the certificates that this machine needs for that. */
export function online(): NodeJS.ProcessEnv {
  const certificates = process.env['NODE_EXTRA_CA_CERTS'];
  return { ...quiet(), ...(certificates !== undefined && { NODE_EXTRA_CA_CERTS: certificates }) };
}

/** The paths of every file below a directory, sorted. */
export function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(directory, path)).isFile())
    .sort();
}
