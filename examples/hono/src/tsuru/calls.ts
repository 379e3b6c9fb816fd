import type { Cluster, Requester, Status } from './backend.js';
import { decodeBody, type Fields } from './body.js';
import { ServiceError } from './errors.js';
import { header, json, type Answer, type Incoming, type Method } from './http.js';
import type { Asked, LifeCycle, TargetKey } from './life-cycle.js';
import type { Plans } from './plans.js';
import { clusterOf, isProxied } from './tsuru-headers.js';

/** What the calls need to know of the service. */
export interface CallParts {
  lifeCycle: LifeCycle;
  plans: Plans;
  multiCluster: boolean;
  /** Refuse a life-cycle call that came through Tsuru's proxy, where any user with access to an instance can send it. */
  refuseProxied: boolean;
}

/** One call: of Tsuru itself, or to an endpoint of the service's own. */
export interface Call {
  method: Method;
  /** With `:parameters`. What they are called means nothing here: a parameter is known by its place. */
  path: string;
  /** `path` has the values of the parameters, decoded, in their order: the first is the instance. */
  handle(request: Incoming, path: readonly string[]): Promise<Answer>;
}

/**
 * Tsuru's calls, except those to the service's own endpoints. `POST /resources/:name/bind` is not among them: Tsuru tries it after
 * a 404 of bind-app, and whatever it answered would hide that the instance is not there.
 */
export function tsuruCalls({ lifeCycle, plans, multiCluster, refuseProxied }: CallParts): Call[] {
  const cluster = (request: Incoming) => (multiCluster ? clusterOf(request) : undefined);

  /**
   * `GET /resources/plans`: no instance has that name. It is no route of its own, since the fast router of Hono takes no
   * plain path beside one with a parameter.
   */
  const listPlans = (request: Incoming): Answer => {
    if (multiCluster && cluster(request) === undefined) {
      const message = 'This service has clusters: say for which pool (--pool) the plans are wanted.';
      throw new ServiceError(400, message, { missing_params: ['cluster'] });
    }
    return json(200, plans.list());
  };

  /** A call that changes something: its body, who asked, and where. */
  const change =
    (
      handle: (call: {
        name: string;
        job: string;
        fields: Fields;
        requestedBy: Requester;
        cluster: Cluster | undefined;
      }) => Promise<Answer>,
    ) =>
    async (request: Incoming, [name = '', job = '']: readonly string[]) => {
      const { headers, body } = request;
      if (refuseProxied && isProxied(headers)) throw proxied();
      const fields = decodeBody(header(headers, 'content-type'), body);
      return handle({
        name,
        job,
        fields,
        requestedBy: { user: fields.text('user'), event: fields.text('eventid') },
        cluster: cluster(request),
      });
    };

  return [
    {
      method: 'POST',
      path: '/resources',
      handle: change(async ({ fields, requestedBy, cluster }) => {
        const name = required(fields, 'name');
        await lifeCycle.create(askedOf(name, fields), requestedBy, cluster);
        return json(201, { name });
      }),
    },
    {
      method: 'GET',
      path: '/resources/:name',
      async handle(request, [name = '']) {
        if (name === 'plans') return listPlans(request);
        return json(200, await lifeCycle.info(name, cluster(request)));
      },
    },
    {
      method: 'PUT',
      path: '/resources/:name',
      handle: change(async ({ name, fields, requestedBy, cluster }) => {
        await lifeCycle.update(askedOf(name, fields), requestedBy, cluster);
        return json(200, { name });
      }),
    },
    {
      method: 'DELETE',
      path: '/resources/:name',
      handle: change(async ({ name, requestedBy, cluster }) => {
        await lifeCycle.destroy(name, requestedBy, cluster);
        return json(200, { name });
      }),
    },
    {
      method: 'GET',
      path: '/resources/:name/status',
      async handle(request, [name = '']) {
        return statusAnswer(await lifeCycle.status(name, cluster(request)));
      },
    },
    {
      method: 'POST',
      path: '/resources/:name/bind-app',
      handle: change(async ({ name, fields, requestedBy, cluster }) => {
        const app = {
          name: boundName(required(fields, 'app-name')),
          hosts: fields.list('app-hosts'),
          internalHosts: fields.list('app-internal-hosts'),
          pool: fields.text('app-pool-name'),
          poolProvisioner: fields.text('app-pool-provisioner'),
          cluster: fields.text('app-cluster-name'),
          clusterProvisioner: fields.text('app-cluster-provisioner'),
          clusterAddresses: fields.list('app-cluster-addresses'),
        };
        return json(201, await lifeCycle.bind(name, { kind: 'app', app }, fields.parameters, requestedBy, cluster));
      }),
    },
    {
      method: 'DELETE',
      path: '/resources/:name/bind-app',
      handle: change(async ({ name, fields, requestedBy, cluster }) => {
        const app: TargetKey = { kind: 'app', name: boundName(required(fields, 'app-name')) };
        await lifeCycle.unbind(name, app, requestedBy, cluster);
        return json(200, {});
      }),
    },
    {
      method: 'PUT',
      path: '/resources/:name/binds/jobs/:job',
      handle: change(async ({ name, job, fields, requestedBy, cluster }) => {
        const named = fields.text('job-name');
        if (named !== '' && named !== job) {
          throw new ServiceError(400, `The path names the job "${job}", the body "${named}".`);
        }
        const target = {
          name: boundName(job),
          pool: fields.text('job-pool-name'),
          cluster: fields.text('job-cluster-name'),
        };
        return json(
          201,
          await lifeCycle.bind(name, { kind: 'job', job: target }, fields.parameters, requestedBy, cluster),
        );
      }),
    },
    {
      method: 'DELETE',
      path: '/resources/:name/binds/jobs/:job',
      handle: change(async ({ name, job, requestedBy, cluster }) => {
        await lifeCycle.unbind(name, { kind: 'job', name: boundName(job) }, requestedBy, cluster);
        return json(200, {});
      }),
    },
  ];
}

function proxied(): ServiceError {
  return new ServiceError(
    403,
    'Only Tsuru itself may make this call, and this one came through its proxy. If a gateway stands between Tsuru and this service, set REFUSE_PROXIED_CALLS=false in the service.',
  );
}

function askedOf(name: string, fields: Fields): Asked {
  return {
    name,
    team: required(fields, 'team'),
    plan: fields.text('plan'),
    description: fields.text('description'),
    tags: fields.list('tags'),
    parameters: fields.parameters,
  };
}

function required(fields: Fields, field: 'name' | 'team' | 'app-name'): string {
  const value = fields.text(field);
  if (value === '') throw new ServiceError(400, `The field "${field}" is missing.`);
  return value;
}

/** The name of an app or a job, which the store keeps and the backend makes a user of. */
function boundName(name: string): string {
  if (!/^[A-Za-z0-9][\w.-]{0,254}$/.test(name)) {
    throw new ServiceError(400, 'The name of an app or job must be of letters, digits, "-", "_" and ".", 255 at most.');
  }
  return name;
}

function statusAnswer(status: Status): Answer {
  switch (status) {
    case 'up':
      return { status: 204, headers: {} };
    case 'pending':
      return json(202, { status });
    case 'down':
      return json(500, { status });
    default:
      return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: status.text };
  }
}
