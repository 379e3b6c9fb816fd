import { setTimeout } from 'node:timers/promises';

import { ROOT } from '../../../src/sandbox/state/seed.ts';
import { tsuruApi, type ApiAnswer, type TsuruApi } from './tsuru-api.ts';

export interface LifeOptions {
  /** Of the sandbox, with the token of its first user, a team, and an app and a job in a pool. */
  sandbox: { address: string; token: string; team: string; app: string; job: string };
  service: { id: string; address: string; username: string; password: string };
  encoding: 'form' | 'json';
}

/** The steps of a life, in their order. */
export const LIFE = [
  ...['login', 'service create', 'plans', 'instance add', 'status', 'bind app', 'app env', 'bind job', 'job env', 'update', 'info'],
  ...['proxy', 'unbind app', 'unbind job', 'app env after', 'job env after', 'remove', 'service destroy'],
] as const;
export type LifeStep = (typeof LIFE)[number];

/** What came of each step. */
export type Life = Record<LifeStep, ApiAnswer>;

/** Milliseconds between two questions about an instance that is pending, and how many are asked. */
const POLL = { pause: 50, limit: 200 };

/** Leads a service through a whole life: it is registered, its one instance is used in all ways, and nothing is left of them. */
export async function live({ sandbox, service, encoding }: LifeOptions): Promise<Life> {
  const { team, app, job } = sandbox;
  const login = await tsuruApi(sandbox.address, '')('POST', `/1.0/users/${ROOT}/tokens`, { password: sandbox.token });
  const api = tsuruApi(sandbox.address, (JSON.parse(login.body) as { token: string }).token);
  const { id, address, username, password } = service;
  const [instances, instance] = [`/services/${id}/instances`, `/services/${id}/instances/life1`];
  const life: Partial<Life> = { login };
  const step = async (name: LifeStep, ...call: Parameters<TsuruApi>): Promise<ApiAnswer> => (life[name] = await api(...call));

  await step('service create', 'POST', '/1.0/services', { id, username, password, team, encoding, endpoint: address });
  const { body } = await step('plans', 'GET', `/1.0/services/${id}/plans`);
  const plans = ((JSON.parse(body) ?? []) as { Name: string }[]).map(({ Name }) => Name);
  const [first = '', last = ''] = [plans.at(0), plans.at(-1)];
  await step('instance add', 'POST', `/1.0${instances}`, { name: 'life1', planname: first, teamowner: team, 'tags.0': 'a', description: 'one' });
  for (let asked = 0; asked < POLL.limit; asked++) {
    const status = await step('status', 'GET', `/1.0${instance}/status`);
    if (!status.body.endsWith('is pending')) break;
    await setTimeout(POLL.pause);
  }
  await step('bind app', 'PUT', `/1.13${instance}/apps/${app}`, {});
  await step('app env', 'GET', `/1.0/apps/${app}/env`);
  await step('bind job', 'PUT', `/1.13${instance}/jobs/${job}`, {});
  await step('job env', 'GET', `/1.16/jobs/${job}/env`);
  await step('update', 'PUT', `/1.0${instance}`, { plan: last, teamowner: team, 'tags.0': 'b', description: 'two' });
  await step('info', 'GET', `/1.0${instance}`);
  await step('proxy', 'GET', `/1.20/services/${id}/resources/life1/status`);
  await step('unbind app', 'DELETE', `/1.13${instance}/apps/${app}`);
  await step('unbind job', 'DELETE', `/1.13${instance}/jobs/${job}`);
  await step('app env after', 'GET', `/1.0/apps/${app}/env`);
  await step('job env after', 'GET', `/1.16/jobs/${job}/env`);
  await step('remove', 'DELETE', `/1.0${instance}`);
  await step('service destroy', 'DELETE', `/1.0/services/${id}`);
  return life as Life;
}

/** The names of the variables in an answer that an instance of a service brought, with what brought them. */
export function boundVariables({ body }: ApiAnswer): Record<string, string> {
  const variables = JSON.parse(body) as { name: string; managedBy?: string }[];
  return Object.fromEntries(variables.filter(({ managedBy }) => managedBy?.includes('/')).map(({ name, managedBy = '' }) => [name, managedBy]));
}
