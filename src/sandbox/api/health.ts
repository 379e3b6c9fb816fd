import { json, plainText } from '../http/answer.ts';
import type { ApiRequest } from '../http/request.ts';
import { routes, type Route } from '../http/router.ts';

export const HEALTH_ROUTES: Route[] = [
  ...routes({
    '1.0 GET /healthcheck': health,
    '1.0 GET /healthcheck/': health,
  }, true),
  ...routes({
    '1.0 GET /info': () => json({ version: '1.23.1' }),
  }),
];

/** The database of a Tsuru is called MongoDB; the sandbox has its own in memory. */
function health({ query }: ApiRequest) {
  const checks = query.get('check') ?? [];
  return plainText(checks.some((check) => ['all', 'MongoDB'].includes(check)) ? 'MongoDB: WORKING (0s)\n' : 'WORKING');
}
