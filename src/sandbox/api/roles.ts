import type { Route } from '../http/router.ts';

export const ROLES_ROUTES: Route[] = [];
