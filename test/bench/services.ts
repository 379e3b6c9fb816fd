import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';

import { readEnvironment, send, startService } from '../support/service.ts';
import { median, quietEnvironment, timeCommands, type Figure } from './measure.ts';
import { cpuTime, residentMemory } from './processes.ts';
import { requestFigures } from './requests.ts';

const FRAMEWORKS = ['express', 'fastify', 'hono'] as const;
const STARTS = 7;

/** Generates, installs and measures a service for each framework, and the same service written by hand. */
export async function serviceFigures(scratch: string, bin: string): Promise<Figure[]> {
  const figures: Figure[] = [];
  if (cpuTime(process.pid) === undefined) {
    process.stdout.write('This system has no /proc: the CPU time and memory of the services are not measured.\n');
  }
  for (const framework of FRAMEWORKS) {
    const project = join(scratch, framework);
    const run = (command: string, ...args: string[]) =>
      execFileSync(command, args, { cwd: project, env: quietEnvironment(), stdio: 'ignore' });
    execFileSync('node', [bin, project, '--yes', '--framework', framework, '--no-verify', '--no-git'], {
      env: quietEnvironment(),
      stdio: 'ignore',
    });
    run('npm', 'run', 'build');
    cpSync(new URL('./bare', import.meta.url), join(project, 'bare'), { recursive: true });
    figures.push(...(await requestFigures(framework, project)), ...(await startUp(framework, project)));
    figures.push(await fullCheck(framework, project, bin));
  }
  return figures;
}

/** Times a run of every check in both encodings. */
async function fullCheck(framework: string, project: string, bin: string): Promise<Figure> {
  const service = await startService(project);
  try {
    const { check } = timeCommands(
      {
        check: {
          command: 'node',
          args: [bin, 'check', `http://127.0.0.1:${service.port}`, '--encoding', 'both'],
          environment: readEnvironment(project),
        },
      },
      STARTS,
    );
    return {
      what: `${framework}: check, both encodings`,
      value: check,
      unit: 'ms',
      limit: { at: 'most', value: 5000 },
    };
  } finally {
    await service.kill();
  }
}

/** The time from the start of the process to its first response, and its memory then. */
async function startUp(framework: string, project: string): Promise<Figure[]> {
  const times: number[] = [];
  const memory: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    const begun = performance.now();
    const service = await startService(project);
    await send(service.port, { method: 'GET', path: '/healthcheck' });
    times.push(performance.now() - begun);
    const resident = residentMemory(service.child.pid ?? 0);
    if (resident !== undefined) memory.push(resident);
    await service.kill();
  }
  return [
    { what: `${framework}: start to first response`, value: median(times), unit: 'ms' },
    ...(memory.length > 0 ? [{ what: `${framework}: resident memory`, value: median(memory), unit: 'MB' }] : []),
  ];
}
