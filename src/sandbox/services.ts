import { has } from './state/find.ts';
import { requireAll } from './http/answer.ts';
import { isName, NAME_RULE } from './names.ts';
import type { PermissionContext, Instance, Service, State } from './state/records.ts';

/**
 * Checks a service as Tsuru does before it is stored (tsuru/service `validate`).
 *
 * @throws ApiError with 400
 */
export function validateService({ teams }: State, service: Service, isNew: boolean): void {
  const { name, password, endpoints, ownerTeams } = service;
  requireAll([
    [name !== '', 'Service id is required'],
    [!isNew || isName(name), `Invalid service id, ${NAME_RULE}`],
    [password !== '', 'Service password is required'],
    [Object.keys(endpoints).length > 0, 'At least one endpoint is required'],
    [ownerTeams.length > 0, 'At least one service team owner is required'],
    [ownerTeams.every((owner) => has(teams, owner)), "Team owner doesn't exist"],
  ]);
}

/**
 * The instances that the contexts of a permission let a user see (tsuru/api `readableInstances`). One that is named for another
 * service counts too, unless a service is given: Tsuru compares the instance's own name only.
 */
export function instancesIn(state: State, contexts: readonly PermissionContext[], service = ''): Instance[] {
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
