import type { Route } from '../http/router.ts';

export const PROXY_ROUTES: Route[] = [];
