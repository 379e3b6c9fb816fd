import autocannon from 'autocannon';

import { send, startService, type RunningService } from '../support/service.ts';
import { median, type Figure } from './measure.ts';

const REPLICAS = [1, 2, 4];
const ROUNDS = 5;
/** New binds in a round, over all replicas, from this many connections. */
const BINDS = 600;
const CONNECTIONS = 16;

/**
 * Measures new binds of different apps per second, over one, two and four replicas of a service on one store. Each bind is
 * two transactions in the store. The instances are many, as the binds of one instance wait for each other.
 */
export async function replicaFigures(project: string, environment: Record<string, string>): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const count of REPLICAS) {
    const replicas = await Promise.all(
      Array.from({ length: count }, () => startService(project, { keepOutput: false, environment })),
    );
    try {
      await createInstances(replicas[0] as RunningService);
      const rates: number[] = [];
      for (let round = 0; round < ROUNDS; round++) rates.push(await bindRate(replicas, `${count}-${round}`));
      figures.push({ what: `fastify, postgres: new binds, replicas: ${count}`, value: median(rates), unit: 'binds/s' });
    } finally {
      await Promise.all(replicas.map((replica) => replica.stop()));
    }
  }
  return figures;
}

async function createInstances({ port, authorization }: RunningService): Promise<void> {
  const headers = { authorization, connection: 'close', 'content-type': 'application/x-www-form-urlencoded' };
  for (let index = 0; index < CONNECTIONS; index++) {
    await send(port, { method: 'POST', path: '/resources', headers, body: `name=db${index}&team=t` });
  }
}

async function bindRate(replicas: readonly RunningService[], prefix: string): Promise<number> {
  const start = performance.now();
  const runs = replicas.map(async ({ port, authorization }, replica) => {
    let next = 0;
    const { non2xx, errors } = await autocannon({
      url: `http://127.0.0.1:${port}`,
      connections: CONNECTIONS / replicas.length,
      amount: BINDS / replicas.length,
      sampleInt: 20,
      requests: [
        {
          method: 'POST',
          headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
          setupRequest: (request) => {
            const number = next++;
            const path = `/resources/db${number % CONNECTIONS}/bind-app`;
            return { ...request, path, body: `app-name=app-${prefix}-${replica}-${number}` };
          },
        },
      ],
    });
    if (non2xx + errors > 0) throw new Error(`${non2xx} binds were refused, ${errors} failed`);
  });
  await Promise.all(runs);
  return (BINDS / (performance.now() - start)) * 1000;
}
