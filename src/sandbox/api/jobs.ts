import type { Route } from '../http/router.ts';

export const JOBS_ROUTES: Route[] = [];
