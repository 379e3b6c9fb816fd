import type { Route } from '../http/router.ts';

export const AUTH_ROUTES: Route[] = [];
