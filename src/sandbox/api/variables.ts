import type { Route } from '../http/router.ts';

export const VARIABLES_ROUTES: Route[] = [];
