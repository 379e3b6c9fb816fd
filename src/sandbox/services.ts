import { ApiError } from './http/answer.ts';
import { teamContexts } from './permissions.ts';
import type { Context, Instance, Service, State } from './records.ts';

/** @throws ApiError with 404 */
export function serviceOf({ services }: State, name: string): Service {
  const service = services.find((one) => one.name === name);
  if (service === undefined) throw new ApiError(404, 'Service not found');
  return service;
}

/** Where a permission to change a service can hold. */
export function serviceContexts({ name, ownerTeams }: Pick<Service, 'name' | 'ownerTeams'>): Context[] {
  return [...teamContexts(ownerTeams), { CtxType: 'service', Value: name }];
}

/**
 * Checks a service as Tsuru does before it is stored (tsuru/service `validate`).
 *
 * @throws ApiError with 400
 */
export function validateService({ teams }: State, service: Service, isNew: boolean): void {
  const { name, password, endpoints, ownerTeams } = service;
  const problem =
    name === ''
      ? 'Service id is required'
      : isNew && !/^[a-z][a-z0-9-]{0,39}$/.test(name)
        ? 'Invalid service id, should have at most 40 characters, containing only lower case letters, numbers or dashes, starting with a letter.'
        : password === ''
          ? 'Service password is required'
          : Object.keys(endpoints).length === 0
            ? 'At least one endpoint is required'
            : ownerTeams.length === 0
              ? 'At least one service team owner is required'
              : ownerTeams.some((owner) => !teams.some((team) => team.name === owner))
                ? "Team owner doesn't exist"
                : undefined;
  if (problem !== undefined) throw new ApiError(400, problem);
}

/**
 * The instances that the contexts of a permission let a user see (tsuru/api `readableInstances`). One that is named for another
 * service counts too, unless a service is given: Tsuru compares the instance's own name only.
 */
export function instancesIn(state: State, contexts: readonly Context[], service = ''): Instance[] {
  const own = state.instances.filter((one) => service === '' || one.service === service);
  if (contexts.some(({ CtxType }) => CtxType === 'global')) return own;
  const teams = contexts.filter(({ CtxType }) => CtxType === 'team').map(({ Value }) => Value);
  const names = contexts
    .filter(({ CtxType, Value }) => CtxType === 'service-instance' && Value.includes('/'))
    .map(({ Value }) => /^([^/]*)\/(.*)$/s.exec(Value)?.slice(1) ?? [])
    .filter(([of]) => service === '' || of === service)
    .map(([, name]) => name);
  return own.filter((one) => one.teams.some((team) => teams.includes(team)) || names.includes(one.name));
}

/** An instance as lists show it. */
export function listedInstance({ name, service, plan, apps, jobs, teams, teamOwner, description, tags, parameters, pool }: Instance) {
  return {
    name,
    service_name: service,
    plan_name: plan,
    apps,
    jobs,
    teams,
    team_owner: teamOwner,
    description,
    tags,
    ...(Object.keys(parameters).length > 0 && { parameters }),
    ...(pool !== '' && { pool }),
  };
}
