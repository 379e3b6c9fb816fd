import type { Route } from '../http/router.ts';

export const CLUSTERS_ROUTES: Route[] = [];
