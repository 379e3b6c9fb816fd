import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { GRACE, LAST_MOMENT, TIMEOUTS } from './limits.ts';

export const FRAMEWORKS = ['express', 'fastify', 'hono'] as const;
export type Framework = (typeof FRAMEWORKS)[number];

/** The entry point of the service under test, in the project. */
export const ENTRY = 'dist/soak-main.js';

/**
 * Generates and builds a service with the backend of the soak test.
 * @param bin the packed command line
 * @returns the project's directory
 */
export function makeProject(scratch: string, bin: string, framework: Framework): string {
  const project = join(scratch, framework);
  execFileSync(bin, [project, '--framework', framework, '--yes', '--no-verify', '--no-git'], { stdio: 'pipe' });
  copyFileSync(new URL('./fixtures/backend.ts', import.meta.url), join(project, 'src/backend.ts'));
  const main = readFileSync(join(project, 'src/main.ts'), 'utf8');
  writeFileSync(join(project, 'src/soak-main.ts'), soakMain(main));
  execFileSync('npm', ['run', 'build'], { cwd: project, stdio: 'pipe' });
  return project;
}

/** The entry point of the service, with short limits and with the provisioning mode from the environment. */
function soakMain(main: string): string {
  const provisioning = `process.env['SOAK_PROVISIONING'] === 'background' ? 'background' : 'inline'`;
  const options = `timeouts: ${JSON.stringify(TIMEOUTS)}, provisioning: ${provisioning}`;
  return [
    ['...telemetry,', `...telemetry, ${options},`],
    ['const GRACE = 20_000;', `const GRACE = ${GRACE};`],
    ['const LAST_MOMENT = 28_000;', `const LAST_MOMENT = ${LAST_MOMENT};`],
  ].reduce((text, [from = '', to = '']) => {
    if (text.split(from).length !== 2) throw new Error(`src/main.ts of the project does not contain "${from}" exactly once`);
    return text.replace(from, to);
  }, main);
}
