import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

import autocannon from 'autocannon';

import { readEnvironment, send, startService } from '../support/service.ts';
import { median, quietEnvironment, type Figure } from './measure.ts';
import { cpuTime } from './processes.ts';

const CONNECTIONS = 10;
/** More of those that differ less from what they are compared with. */
const ROUNDS = { plans: 31, bind: 15 };
/** Requests in a round, and before the first round, so that both programs are compiled. */
const REQUESTS = { plans: 4000, bind: 2000 };
const WARM_UP = 15_000;
const BIND = 'app-name=app1&user=u&eventid=e';
/** The least ratio of the CPU time of a request by hand to that of the generated service. */
const LEAST = { plans: 0.95, bind: 0.7 };

/** Where a service, and the one by hand, keep their binds. */
export interface BenchStore {
  name: 'sqlite' | 'postgres';
  environment: Record<string, string>;
}

/** One round of requests to one process. */
interface Round {
  /** Microseconds of CPU time for each request; undefined if the operating system does not provide it. */
  cpu: number | undefined;
  /** Requests per second, measured to within 20 ms. */
  rate: number;
}

/**
 * Measures requests to the service and to the same service by hand, in alternating order. The limit is on CPU time, which a busy
 * machine hardly affects; requests per second depend on the load of the moment.
 */
export async function requestFigures(framework: string, project: string, store: BenchStore): Promise<Figure[]> {
  const { environment } = store;
  const service = await startService(project, { keepOutput: false, environment });
  const { authorization } = service;
  const form = { authorization, connection: 'close', 'content-type': 'application/x-www-form-urlencoded' };
  await send(service.port, { method: 'POST', path: '/resources', headers: form, body: 'name=db1&team=t' });
  const plans = await send(service.port, { method: 'GET', path: '/resources/plans', headers: { authorization } });
  const bare = await startBare(framework, project, { ...environment, BENCH_PLANS: plans.body });
  try {
    // Measured is a bind that exists. By hand, binds that arrive together when there is none would conflict.
    for (const { port } of [service, bare]) {
      await send(port, { method: 'POST', path: '/resources/db1/bind-app', headers: form, body: BIND });
    }
    const figures: Figure[] = [];
    for (const call of ['plans', 'bind'] as const) {
      const measure = ({ child, port }: { child: ChildProcess; port: number }, requests = REQUESTS[call]) =>
        round(child, requestOf(port, authorization, call), requests);
      const rounds = { service: [] as Round[], bare: [] as Round[] };
      await measure(service, WARM_UP);
      await measure(bare, WARM_UP);
      for (let number = 0; number < ROUNDS[call]; number++) {
        const turns = [
          async () => rounds.service.push(await measure(service)),
          async () => rounds.bare.push(await measure(bare)),
        ];
        for (const turn of number % 2 === 0 ? turns : turns.reverse()) await turn();
      }
      figures.push(...figuresOf(`${framework}, ${store.name}: ${call}`, rounds, LEAST[call]));
    }
    return figures;
  } finally {
    bare.child.kill('SIGKILL');
    await service.kill();
  }
}

function figuresOf(what: string, { service, bare }: Record<'service' | 'bare', Round[]>, least: number): Figure[] {
  const cpu = { service: cpuTimes(service), bare: cpuTimes(bare) };
  const ratios = cpu.bare.map((time, index) => time / (cpu.service[index] ?? NaN));
  const costs: Figure[] = [
    { what: `${what}, CPU time`, value: median(cpu.service), unit: 'µs' },
    { what: `${what}, CPU time by hand`, value: median(cpu.bare), unit: 'µs' },
    {
      what: `${what}, CPU time by hand / generated`,
      value: median(ratios),
      unit: 'x',
      limit: { at: 'least', value: least },
    },
  ];
  const rate = (rounds: Round[]) => median(rounds.map((measured) => measured.rate));
  return [
    ...(ratios.length > 0 ? costs : []),
    { what: `${what}, throughput`, value: rate(service), unit: 'requests/s' },
    { what: `${what}, throughput by hand`, value: rate(bare), unit: 'requests/s' },
  ];
}

function cpuTimes(rounds: readonly Round[]): number[] {
  return rounds.flatMap(({ cpu }) => (cpu === undefined ? [] : [cpu]));
}

function requestOf(port: number, authorization: string, call: 'plans' | 'bind'): autocannon.Options {
  if (call === 'plans') return { url: `http://127.0.0.1:${port}/resources/plans`, headers: { authorization } };
  return {
    url: `http://127.0.0.1:${port}/resources/db1/bind-app`,
    method: 'POST',
    body: BIND,
    headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
  };
}

async function round({ pid = 0 }: ChildProcess, request: autocannon.Options, amount: number): Promise<Round> {
  const before = { cpu: cpuTime(pid), time: performance.now() };
  const { non2xx, errors } = await autocannon({ ...request, connections: CONNECTIONS, amount, sampleInt: 20 });
  const after = { cpu: cpuTime(pid), time: performance.now() };
  if (non2xx + errors > 0) throw new Error(`${request.url}: ${non2xx} responses were not 2xx, ${errors} requests failed`);
  return {
    cpu: before.cpu === undefined || after.cpu === undefined ? undefined : (after.cpu - before.cpu) / amount,
    rate: (amount / (after.time - before.time)) * 1000,
  };
}

async function startBare(
  framework: string,
  project: string,
  environment: Record<string, string>,
): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn('node', [`bare/${framework}.mjs`], {
    cwd: project,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...quietEnvironment(),
      ...readEnvironment(project),
      DATABASE_PATH: join(project, 'bare.db'),
      ...environment,
    },
  });
  // Keep reading: a full pipe would block the service.
  const port = await new Promise<number>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const found = /port (\d+)/.exec(text)?.[1];
      if (found !== undefined) resolve(Number(found));
    });
  });
  return { child, port };
}
