import type { Route } from '../http/router.ts';

export const HEALTH_ROUTES: Route[] = [];
