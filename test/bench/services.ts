import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';

import { startPostgres } from '../support/postgres.ts';
import { readEnvironment, send, startService } from '../support/service.ts';
import { median, quietEnvironment, timeCommands, type Figure } from './measure.ts';
import { cpuTime, residentMemory } from './processes.ts';
import { replicaFigures } from './replicas.ts';
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
    const project = build(join(scratch, framework), bin, '--framework', framework);
    const sqlite = { name: 'sqlite', environment: {} } as const;
    figures.push(...(await requestFigures(framework, project, sqlite)), ...(await startUp(framework, project)));
    figures.push(await fullCheck(framework, project, bin));
  }
  return [...figures, ...(await postgresFigures(join(scratch, 'postgres'), bin))];
}

/** Measures the store of many replicas with one framework, as the others use the same code. */
async function postgresFigures(directory: string, bin: string): Promise<Figure[]> {
  const project = build(directory, bin, '--framework', 'fastify', '--store', 'postgres');
  const server = await startPostgres();
  try {
    await server.createDatabase('replicas');
    const store = { name: 'postgres', environment: { STORE_URL: server.url() } } as const;
    return [
      ...(await requestFigures('fastify', project, store)),
      ...(await replicaFigures(project, { STORE_URL: server.url('replicas') })),
    ];
  } finally {
    await server.remove();
  }
}

/** Generates, installs and builds a service, and puts the same service by hand beside it. */
function build(project: string, bin: string, ...flags: string[]): string {
  const options = { env: quietEnvironment(), stdio: 'ignore' } as const;
  execFileSync('node', [bin, project, '--yes', ...flags, '--no-verify', '--no-git'], options);
  execFileSync('npm', ['run', 'build'], { ...options, cwd: project });
  cpSync(new URL('./bare', import.meta.url), join(project, 'bare'), { recursive: true });
  return project;
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
