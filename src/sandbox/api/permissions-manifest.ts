import type { Route } from '../http/router.ts';

export const PERMISSIONS_MANIFEST_ROUTES: Route[] = [];
