import { covers } from './permissions.ts';
import type { PermissionContext, State } from '../state/records.ts';

/** A permission that a role can have, and the contexts that the role can be of. */
export interface PermissionName {
  /** `''` is the one above all others. */
  name: string;
  contexts: PermissionContext['CtxType'][];
}

/** All permissions but those to actions of services, each before those below it (tsuru/permission `permlist.go`). */
export function permissionNames(): PermissionName[] {
  const root: PermissionName = { name: '', contexts: ['global'] };
  const found = [root];
  const path = [root];
  for (const [token, word = '', letters] of TREE.matchAll(/([\w-]+)(?::(\w*))?|[()]/g)) {
    const [last = root, parent = root] = [found.at(-1), path.at(-1)];
    if (token === '(') {
      path.push(last);
    } else if (token === ')') {
      path.pop();
    } else {
      const own = Array.from(letters ?? '', (letter) => CONTEXTS[letter] ?? 'global');
      const contexts = letters === undefined ? parent.contexts : ['global' as const, ...own];
      found.push({ name: parent.name === '' ? word : `${parent.name}.${word}`, contexts });
    }
  }
  return found;
}

const CONTEXTS: Record<string, PermissionContext['CtxType']> = {
  a: 'app',
  i: 'service-instance',
  j: 'job',
  p: 'pool',
  r: 'router',
  s: 'service',
  t: 'team',
  u: 'user',
  v: 'volume',
};

/** In parentheses what is below a permission; after `:` its contexts, where they are not those of the one above. */
const TREE = `app:atp(create:t update(description tags log pool unit(add remove kill autoscale(add swap remove)) env(set unset) restart start
stop grant revoke teamowner cname(add remove) plan planoverride platform bind bind-volume image-reset events processes unbind
unbind-volume certificate(set unset) deploy(rollback) router(add update remove) routable metadata) deploy(archive-url build git image
rollback upload dockerfile) read(deploy router env events log certificate info) delete run(shell) admin(routes quota) build)
certissuer:atp(set unset) team:t(create: read(events quota) delete update(quota) token(read create delete update))
user:u(create: delete read(events quota) update(quota password reset)) apikey:u(read update)
service:st(create:t read(doc plans events) update(proxy revoke-access grant-access doc) delete)
service-instance:it(create:t read(events status) delete update(proxy bind unbind grant revoke description tags teamowner plan parameters))
role(create delete read(events) update(name assign dissociate description context(type) permission(add remove)) default(create delete))
platform(create delete update(events) read(events)) plan(create delete read(events))
pool:p(create: read(events constraints) update(team(add remove) constraints(set)) delete) debug event-block(read(events) add remove)
cluster(admin read(events) create update delete) volume:vtp(create:tp read(events) update(bind unbind) delete)
webhook:t(read(events) create update delete) router:r(create: read(events) update delete)
job:tpj(create:t update(events) run read(events logs) delete trigger unit(kill) deploy)`;

/** The contexts of a permission to an action of a service. */
export const ACTION_CONTEXTS: PermissionContext['CtxType'][] = ['global', 'service-instance', 'service', 'team'];

const ACTIONS = 'service-action';

/** Whether a name is one of a permission to an action of a service, such as `service-action.mydb.backup`. */
export function isActionName(name: string): boolean {
  return name.startsWith(ACTIONS) && name.trim() !== ACTIONS && name.includes('.');
}

/** The permissions to actions that services have in their permissions manifests: services by name, their actions by name. */
export function actionNames({ services }: State): string[] {
  return [...services]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name, manifest }) => {
      if (manifest?.enabled !== true) return [];
      return (manifest.operations ?? []).map(({ action }) => `${ACTIONS}.${name}.${action}`).sort();
    });
}

/** Whether a name is one of an action, or stands above one, of the service in its second part. */
export function isKnownAction(state: State, name: string): boolean {
  return actionNames(state).some((action) => covers(name, action) && action.split('.')[1] === name.slice(ACTIONS.length + 1).split('.')[0]);
}
