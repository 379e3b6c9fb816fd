import type { Route } from '../http/router.ts';

export const BINDS_ROUTES: Route[] = [];
