import { ApiError } from '../http/answer.ts';
import { teamContexts } from '../permissions/permissions.ts';
import type { App, PermissionContext, Instance, Job, Service, State, EventTarget } from './records.ts';

/** What a change is made to: the target of its event, and the contexts in which permissions for it hold. */
export interface Subject {
  target: EventTarget;
  contexts: readonly PermissionContext[];
}

/** The one of that name. @throws ApiError with that status and error if there is none */
export function found<T extends { name: string }>(all: readonly T[], name: string, error: string, status = 404): T {
  const one = all.find((candidate) => candidate.name === name);
  if (one === undefined) throw new ApiError(status, error);
  return one;
}

/** Removes an item from a list that has it. */
export function remove<Item>(list: Item[], one: Item): void {
  const index = list.indexOf(one);
  if (index >= 0) list.splice(index, 1);
}

/** Whether there is one of that name. */
export function has(all: readonly { name: string }[], name: string): boolean {
  return all.some((one) => one.name === name);
}

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

/** Where permissions for a service hold that belong to those that provide it. */
export function serviceContexts({ ownerTeams, name }: Pick<Service, 'name' | 'ownerTeams'>): PermissionContext[] {
  return [...teamContexts(ownerTeams), { CtxType: 'service', Value: name }];
}

export function instanceContexts(instance: Pick<Instance, 'teams' | 'service' | 'name'>): PermissionContext[] {
  return [...teamContexts(instance.teams), { CtxType: 'service-instance', Value: fullName(instance) }];
}

export function appContexts({ teams, name, pool }: Pick<App, 'teams' | 'name' | 'pool'>): PermissionContext[] {
  return [...teamContexts(teams), { CtxType: 'app', Value: name }, { CtxType: 'pool', Value: pool }];
}

export function jobContexts({ teamOwner, name, pool }: Pick<Job, 'teamOwner' | 'name' | 'pool'>): PermissionContext[] {
  return [...teamContexts([teamOwner]), { CtxType: 'job', Value: name }, { CtxType: 'pool', Value: pool }];
}

export function about(Type: string, Value: string, contexts: readonly PermissionContext[] = []): Subject {
  return { target: { Type, Value }, contexts };
}

export function aboutService(service: Service): Subject {
  return about('service', service.name, serviceContexts(service));
}

export function aboutInstance(instance: Pick<Instance, 'teams' | 'service' | 'name'>): Subject {
  return about('service-instance', fullName(instance), instanceContexts(instance));
}

export function aboutApp(app: Pick<App, 'teams' | 'name' | 'pool'>): Subject {
  return about('app', app.name, appContexts(app));
}

export function aboutJob(job: Pick<Job, 'teamOwner' | 'name' | 'pool'>): Subject {
  return about('job', job.name, jobContexts(job));
}

/** An instance as events and permissions name it. */
export function fullName({ service, name }: Pick<Instance, 'service' | 'name'>): string {
  return `${service}/${name}`;
}
