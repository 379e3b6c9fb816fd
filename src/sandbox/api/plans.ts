import type { Route } from '../http/router.ts';

export const PLANS_ROUTES: Route[] = [];
