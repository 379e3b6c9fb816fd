import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';

export const FRAMEWORKS = ['express', 'fastify', 'hono'] as const;
export type Framework = (typeof FRAMEWORKS)[number];

/**
 * Generates and builds a service on PostgreSQL with the backend of this test.
 * @param bin the packed command line
 * @returns the project's directory
 */
export function makeProject(
  scratch: string,
  bin: string,
  framework: Framework,
  provisioning: 'inline' | 'background',
): string {
  const project = join(scratch, `${framework}-${provisioning}`);
  // Run by root, PostgreSQL has a user of its own, which must reach its programs.
  chmodSync(scratch, 0o755);
  const answers = ['--framework', framework, '--store', 'postgres', '--provisioning', provisioning];
  execFileSync(bin, [project, ...answers, '--yes', '--no-verify', '--no-git'], { stdio: 'pipe' });
  copyFileSync(new URL('./fixtures/backend.ts', import.meta.url), join(project, 'src/backend.ts'));
  copyFileSync(new URL('./fixtures/server.ts', import.meta.url), join(project, 'server.ts'));
  execFileSync('npm', ['run', 'build'], { cwd: project, stdio: 'pipe' });
  return project;
}

/** Starts an empty PostgreSQL server, with the packages of a project. */
export async function startDatabase(project: string): Promise<{ url: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, ['--import', 'ts-blank-space/register', 'server.ts'], {
    cwd: project,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const started = once(child.stdout, 'data') as Promise<[Buffer]>;
  const [line] = await Promise.race([
    started,
    ended.then(() => Promise.reject(new Error('the PostgreSQL server did not start'))),
  ]);
  const { url } = JSON.parse(line.toString()) as { url: string };
  return {
    url,
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}
