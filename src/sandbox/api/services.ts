import type { Route } from '../http/router.ts';

export const SERVICES_ROUTES: Route[] = [];
