import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import autocannon from 'autocannon';

import { readEnvironment, send, startService } from '../support/service.ts';
import { median, quietEnvironment, timeCommands, type Figure } from './measure.ts';

const FRAMEWORKS = ['express', 'fastify', 'hono'] as const;
const ROUNDS = 7;
const SECONDS = 2;
const STARTS = 7;

/** Generates, installs and measures a service of each framework against the bare framework doing the same by hand. */
export async function serviceFigures(scratch: string, bin: string): Promise<Figure[]> {
  const figures: Figure[] = [];
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
    figures.push(...(await throughput(framework, project)), ...(await startUp(framework, project)));
    figures.push(await fullCheck(framework, project, bin));
  }
  return figures;
}

/** Requests per second of both, in turns, medians. */
async function throughput(framework: string, project: string): Promise<Figure[]> {
  const service = await startService(project, { keepOutput: false });
  const { authorization } = service;
  const form = { authorization, connection: 'close', 'content-type': 'application/x-www-form-urlencoded' };
  await send(service.port, { method: 'POST', path: '/resources', headers: form, body: 'name=db1&team=t' });
  const plans = await send(service.port, { method: 'GET', path: '/resources/plans', headers: { authorization } });
  const bare = await startBare(framework, project, plans.body);
  try {
    const figures: Figure[] = [];
    for (const call of ['plans', 'bind'] as const) {
      const rates = { service: [] as number[], bare: [] as number[] };
      for (let round = 0; round < ROUNDS; round++) {
        rates.service.push(await rate(service.port, authorization, call));
        rates.bare.push(await rate(bare.port, authorization, call));
      }
      const ratio = median(rates.service.map((value, index) => value / (rates.bare[index] ?? NaN)));
      figures.push(
        { what: `${framework}: ${call}`, value: median(rates.service), unit: 'requests/s' },
        { what: `${framework}: ${call}, by hand`, value: median(rates.bare), unit: 'requests/s' },
        {
          what: `${framework}: ${call}, of what is by hand`,
          value: ratio,
          unit: 'x',
          ...(call === 'plans' && { limit: { at: 'least' as const, value: 0.85 } }),
        },
      );
    }
    return figures;
  } finally {
    bare.child.kill('SIGKILL');
    await service.kill();
  }
}

async function rate(port: number, authorization: string, call: 'plans' | 'bind'): Promise<number> {
  const request =
    call === 'plans'
      ? { url: `http://127.0.0.1:${port}/resources/plans`, headers: { authorization } }
      : {
          url: `http://127.0.0.1:${port}/resources/db1/bind-app`,
          method: 'POST' as const,
          body: 'app-name=app1&user=u&eventid=e',
          headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
        };
  const { requests, non2xx, errors } = await autocannon({ ...request, connections: 10, duration: SECONDS });
  if (non2xx + errors > 0) throw new Error(`${non2xx} answers of ${call} were not 2xx, ${errors} failed`);
  return requests.mean;
}

async function startBare(
  framework: string,
  project: string,
  plans: string,
): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn('node', [`bare/${framework}.mjs`], {
    cwd: project,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...quietEnvironment(),
      ...readEnvironment(project),
      BENCH_PLANS: plans,
      DATABASE_PATH: join(project, 'bare.db'),
    },
  });
  // It goes on being read: a log that nobody takes would stop the service in the end.
  const port = await new Promise<number>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const found = /port (\d+)/.exec(text)?.[1];
      if (found !== undefined) resolve(Number(found));
    });
  });
  return { child, port };
}

/** Every check in both encodings, as a whole process. */
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

/** From the start of the process to its first answer, and what it holds then. */
async function startUp(framework: string, project: string): Promise<Figure[]> {
  const times: number[] = [];
  const memory: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    const begun = performance.now();
    const service = await startService(project);
    await send(service.port, { method: 'GET', path: '/healthcheck' });
    times.push(performance.now() - begun);
    const pages = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${String(service.child.pid)}/status`, 'utf8'))?.[1];
    memory.push(Number(pages) / 1000);
    await service.kill();
  }
  return [
    { what: `${framework}: start to first answer`, value: median(times), unit: 'ms' },
    { what: `${framework}: resident memory`, value: median(memory), unit: 'MB' },
  ];
}
