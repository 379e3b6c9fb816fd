import type { Route } from '../http/router.ts';

export const TEAMS_ROUTES: Route[] = [];
