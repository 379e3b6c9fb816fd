import type { Route } from '../http/router.ts';

export const APPS_ROUTES: Route[] = [];
