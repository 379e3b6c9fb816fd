import type { Route } from '../http/router.ts';

export const INSTANCES_ROUTES: Route[] = [];
