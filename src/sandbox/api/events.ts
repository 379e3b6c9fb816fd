import type { Route } from '../http/router.ts';

export const EVENTS_ROUTES: Route[] = [];
