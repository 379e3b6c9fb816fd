import { ApiError } from './http/answer.ts';
import { teamContexts } from './permissions.ts';
import type { App, Context, Instance, Job, Service, State } from './records.ts';

/** @throws ApiError with 404 if there is none of that name; so do the other functions */
export function findService({ services }: State, name: string): Service {
  return found(services, name, 'Service not found');
}

export function findInstance({ instances }: State, service: string, name: string): Instance {
  return found(instances.filter((one) => one.service === service), name, 'service instance not found');
}

export function findApp({ apps }: State, name: string): App {
  return found(apps, name, `App ${name} not found.`);
}

export function findJob({ jobs }: State, name: string): Job {
  return found(jobs, name, `Job ${name} not found.`);
}

function found<T extends { name: string }>(all: readonly T[], name: string, error: string): T {
  const one = all.find((candidate) => candidate.name === name);
  if (one === undefined) throw new ApiError(404, error);
  return one;
}

/** Where permissions for a service hold that belong to those that provide it. */
export function providerContexts({ ownerTeams, name }: Pick<Service, 'name' | 'ownerTeams'>): Context[] {
  return [...teamContexts(ownerTeams), { CtxType: 'service', Value: name }];
}

export function instanceContexts(instance: Pick<Instance, 'teams' | 'service' | 'name'>): Context[] {
  return [...teamContexts(instance.teams), { CtxType: 'service-instance', Value: fullName(instance) }];
}

export function appContexts({ teams, name, pool }: App): Context[] {
  return [...teamContexts(teams), { CtxType: 'app', Value: name }, { CtxType: 'pool', Value: pool }];
}

export function jobContexts({ teamOwner, name, pool }: Pick<Job, 'teamOwner' | 'name' | 'pool'>): Context[] {
  return [...teamContexts([teamOwner]), { CtxType: 'job', Value: name }, { CtxType: 'pool', Value: pool }];
}

/** An instance as events and permissions name it. */
export function fullName({ service, name }: Pick<Instance, 'service' | 'name'>): string {
  return `${service}/${name}`;
}
