import type { Route } from '../http/router.ts';

export const POOLS_ROUTES: Route[] = [];
