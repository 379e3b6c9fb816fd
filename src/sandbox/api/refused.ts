import { ApiError, empty } from '../http/answer.ts';
import { routes, type Handler } from '../http/router.ts';

/** Routes of Tsuru's API that services do not need: paths with all that is below them, up to a `$` that ends one. */
const REFUSED = {
  deploys: '/apps/{app}/(deploy|diff|build|repository|versions) /deploys /jobs/{job}/deploy',
  units: '/apps/{app}/(run|restart|start|stop|units|shell) /jobs/{job}/(trigger|units)',
  logs: '/apps/{app}/log(-instance)? /jobs/{job}/log',
  routers: '/apps/{app}/(cname|routes|routers|routable) /swap /routers /plans/routers',
  certificates: '/apps/{app}/cert(ificate|issuer)',
  platforms: '/platforms',
  volumes: '/volume(s|plans)',
  quotas: '/(apps|users|teams)/{of}/quota',
  webhooks: '/events/webhooks',
  'blocks of events': '/events/blocks',
  'API keys and tokens of teams': '/users/api-key /tokens /roles/{role}/token',
  'groups and default roles': '/roles/{role}/group /role/default /teams/{team}/(groups|users)',
  'constraints of pools': '/constraints /pools/{pool}/team',
  'new passwords': '/users/password /users/{email}/password',
  provisioners: '/provisioner$',
  profiling: '/debug',
  'teams of apps': '/apps/{app}/teams',
};

/** The same for those that only change what there is. */
const REFUSED_CHANGES = { 'changes of apps, jobs, teams, pools, clusters and roles': '/(apps|jobs|teams|pools|provisioner/clusters)/{name}$ /roles$' };

export const REFUSED_ROUTES = routes({ ...refused(REFUSED, 'GET|POST|PUT|DELETE'), ...refused(REFUSED_CHANGES, 'POST|PUT') });

function refused(topics: Record<string, string>, methods: string): Record<string, Handler> {
  return Object.fromEntries(
    Object.entries(topics).flatMap(([topic, paths]) => paths.split(' ').map((path) => [`* ${methods} ${path}(/.*)?`, refusal(topic)])),
  );
}

function refusal(topic: string): Handler {
  return () => {
    throw new ApiError(501, `The sandbox has no ${topic}: it plays what Tsuru does for services, and apps and jobs are records only.`);
  };
}

/** Lists of which there is never anything, so that clients which ask for them go on. */
export const EMPTY_ROUTES = routes({ '* GET /(deploys|platforms|volumes|tokens|events/webhooks|events/blocks)': () => empty(204) });
