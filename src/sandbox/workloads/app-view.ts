import { hostsOf } from './workload-binds.ts';
import { planView } from '../plans.ts';
import { clusterOf } from '../pools.ts';
import type { App, State } from '../state/records.ts';
import { bindsOf } from './workloads.ts';

/** An app as Tsuru's API shows it alone (tsuru/app `AppInfo`). */
export function appView(state: State, app: App) {
  const [address = ''] = hostsOf(app.name);
  const provisioner = state.pools.find(({ name }) => name === app.pool)?.provisioner ?? '';
  const cluster = clusterOf(state, provisioner, app.pool);
  return {
    name: app.name,
    platform: app.platform,
    teams: app.teams,
    plan: planView(app.plan),
    cname: [],
    owner: app.owner,
    pool: app.pool,
    description: app.description,
    deploys: 0,
    teamowner: app.teamOwner,
    tags: app.tags,
    metadata: NO_METADATA,
    units: [],
    internalAddresses: internalAddresses(app.name),
    ...(provisioner !== '' && { provisioner }),
    ...(cluster && { cluster: cluster.name }),
    routers: [{ name: ROUTER, opts: {}, address, addresses: [address], type: ROUTER, status: 'ready' }],
    serviceInstanceBinds: bindsOf(state, 'apps', app.name),
    ip: address,
    router: ROUTER,
    routeropts: {},
    quota: { limit: -1, inuse: 0 },
  };
}

/** An app as Tsuru's API shows it in a list (tsuru/api `minifyApp`). */
export function appSummary(app: App) {
  const [address = ''] = hostsOf(app.name);
  return {
    name: app.name,
    pool: app.pool,
    teamowner: app.teamOwner,
    plan: planView(app.plan),
    units: [],
    cname: [],
    ip: address,
    routers: [{ name: ROUTER, opts: {}, address, addresses: null, type: '' }],
    tags: app.tags,
    metadata: { labels: null, annotations: null },
  };
}

/** It is of Kubernetes' objects, which the sandbox has none of. */
export const NO_METADATA = { labels: [], annotations: [] };

/** The only router, which gives the addresses. */
export const ROUTER = 'fake';

function internalAddresses(app: string) {
  const web = { Protocol: 'TCP', Port: 80, TargetPort: 8080 };
  const logs = { Protocol: 'UDP', Port: 12201, TargetPort: 12201 };
  const of = (Process: string, ports: typeof web, Version: string) => ({
    Domain: `${app}-${Process}${Version === '' ? '' : `-v${Version}`}.fake-cluster.local`,
    ...ports,
    Version,
    Process,
  });
  return [of('web', web, ''), of('logs', logs, ''), of('logs', logs, '2'), of('web', web, '2')];
}
