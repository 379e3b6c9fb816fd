import { APPS_ROUTES } from './api/apps.ts';
import { AUTH_ROUTES } from './api/auth.ts';
import { BINDS_ROUTES } from './api/binds.ts';
import { CLUSTERS_ROUTES } from './api/clusters.ts';
import { EVENTS_ROUTES } from './api/events.ts';
import { HEALTH_ROUTES } from './api/health.ts';
import { INSTANCES_ROUTES } from './api/instances.ts';
import { JOBS_ROUTES } from './api/jobs.ts';
import { PERMISSIONS_MANIFEST_ROUTES } from './api/permissions-manifest.ts';
import { PLANS_ROUTES } from './api/plans.ts';
import { POOLS_ROUTES } from './api/pools.ts';
import { PROXY_ROUTES } from './api/proxy.ts';
import { EMPTY_ROUTES, REFUSED_ROUTES } from './api/refused.ts';
import { REMOVAL_ROUTES } from './api/removal.ts';
import { ROLES_ROUTES } from './api/roles.ts';
import { ROLE_USERS_ROUTES } from './api/role-users.ts';
import { SERVICE_LISTS_ROUTES } from './api/service-lists.ts';
import { SERVICES_ROUTES } from './api/services.ts';
import { TEAMS_ROUTES } from './api/teams.ts';
import { USERS_ROUTES } from './api/users.ts';
import { VARIABLES_ROUTES } from './api/variables.ts';
import type { Route } from './http/router.ts';

/** Tsuru's API, as far as services need it. The first route that fits a request takes it. */
export const ROUTES: readonly Route[] = [
  ...HEALTH_ROUTES,
  ...AUTH_ROUTES,
  ...USERS_ROUTES,
  ...TEAMS_ROUTES,
  ...ROLES_ROUTES,
  ...ROLE_USERS_ROUTES,
  ...POOLS_ROUTES,
  ...CLUSTERS_ROUTES,
  ...PLANS_ROUTES,
  ...SERVICE_LISTS_ROUTES,
  ...SERVICES_ROUTES,
  ...PERMISSIONS_MANIFEST_ROUTES,
  ...INSTANCES_ROUTES,
  ...REMOVAL_ROUTES,
  ...BINDS_ROUTES,
  ...PROXY_ROUTES,
  ...APPS_ROUTES,
  ...JOBS_ROUTES,
  ...VARIABLES_ROUTES,
  ...EVENTS_ROUTES,
  ...EMPTY_ROUTES,
  ...REFUSED_ROUTES,
];
