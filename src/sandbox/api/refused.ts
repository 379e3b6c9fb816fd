import { ApiError, empty } from '../http/answer.ts';
import type { Route } from '../http/router.ts';

/** Routes of Tsuru's API that services do not need. */
export const REFUSED_ROUTES: Route[] = Object.entries({
  deploys: `1.0 POST /apps/{app}/deploy/rollback, 1.4 PUT /apps/{app}/deploy/rollback/update, 1.3 POST /apps/{app}/deploy/rebuild,
    1.0 GET /deploys/{deploy}, 1.0 POST /apps/{appname}/repository/clone, 1.0 POST /apps/{appname}/deploy, 1.0 POST /apps/{appname}/diff,
    1.5 POST /apps/{appname}/build, 1.10 DELETE /apps/{app}/versions/{version}, 1.23 POST /jobs/{name}/deploy`,
  units: `1.0 POST /apps/{app}/run, 1.0 POST /apps/{app}/restart, 1.0 POST /apps/{app}/start, 1.0 POST /apps/{app}/stop,
    1.0 PUT|DELETE /apps/{app}/units, 1.9 GET|POST|DELETE /apps/{app}/units/autoscale, 1.29 POST /apps/{app}/units/autoscale/swap,
    1.12 DELETE /apps/{app}/units/{unit}, 1.0 GET /apps/{appname}/shell, 1.13 POST /jobs/{name}/trigger, 1.13 DELETE /jobs/{name}/units/{unit}`,
  logs: '1.0 GET|POST /apps/{app}/log, 1.8 GET /apps/{app}/log-instance, 1.13 GET /jobs/{name}/log',
  routers: `1.0 POST|DELETE /apps/{app}/cname, 1.0 POST /apps/{app}/routes, 1.5 GET|POST /apps/{app}/routers,
    1.5 PUT|DELETE /apps/{app}/routers/{router}, 1.8 POST /apps/{app}/routable, 1.0 POST /swap, 1.3 GET /routers, 1.8 POST /routers,
    1.8 PUT|DELETE /routers/{name}, 1.0 GET /plans/routers`,
  certificates: `1.2 GET|PUT|DELETE /apps/{app}/certificate, 1.24 GET /apps/{app}/certificate, 1.24 PUT|DELETE /apps/{app}/certissuer`,
  platforms: '1.0 POST /platforms, 1.0 PUT|DELETE /platforms/{name}, 1.6 GET /platforms/{name}, 1.6 POST /platforms/{name}/rollback',
  volumes: `1.4 POST /volumes, 1.4 GET|POST|DELETE /volumes/{name}, 1.4 POST|DELETE /volumes/{name}/bind, 1.4 GET /volumeplans`,
  quotas: '1.0 GET|PUT /apps/{app}/quota, 1.0 GET|PUT /users/{email}/quota, 1.12 GET|PUT /teams/{name}/quota',
  webhooks: '1.6 POST /events/webhooks, 1.6 GET|PUT|DELETE /events/webhooks/{name}',
  'blocks of events': '1.3 POST /events/blocks, 1.3 DELETE /events/blocks/{uuid}',
  'API keys and tokens of teams': `1.0 GET|POST /users/api-key, 1.6 POST /tokens, 1.7 GET /tokens/{token_id}, 1.6 PUT|DELETE /tokens/{token_id},
    1.6 POST /roles/{name}/token, 1.6 DELETE /roles/{name}/token/{token_id}`,
  'groups and default roles': `1.9 POST /roles/{name}/group, 1.9 DELETE /roles/{name}/group/{group_name}, 1.0 GET|POST|DELETE /role/default`,
  'constraints of pools': '1.3 PUT /constraints',
  'new passwords by mail': '1.0 POST /users/{email}/password',
  profiling: '1.0 GET /debug/{path:.*}',
}).flatMap(([topic, routes]) =>
  routesFrom(routes, () => {
    throw new ApiError(501, `The sandbox has no ${topic}: it plays what Tsuru does for services, and apps and jobs are records only.`);
  }),
);

/** Lists of which there is never anything, so that clients which ask for them go on. */
export const EMPTY_ROUTES: Route[] = routesFrom(
  '1.0 GET /deploys, 1.0 GET /platforms, 1.4 GET /volumes, 1.6 GET /tokens, 1.6 GET /events/webhooks, 1.3 GET /constraints',
  () => empty(204),
);

function routesFrom(text: string, handler: Route['handler']): Route[] {
  return text.split(',').map((route) => {
    const [version = '', methods = '', path = ''] = route.trim().split(' ');
    return { version, method: methods.split('|'), path, handler };
  });
}
