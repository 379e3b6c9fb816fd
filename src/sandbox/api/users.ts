import type { Route } from '../http/router.ts';

export const USERS_ROUTES: Route[] = [];
