import type { Status } from './backend.js';
import type { Caller, WorkloadKey } from './backend-calls.js';
import { decodeBody, type Fields } from './body.js';
import { ServiceError } from './errors.js';
import { header, jsonResponse, type Method, type ServiceRequest, type ServiceResponse } from './http.js';
import type { InstanceSpec } from './instances.js';
import type { LifeCycle } from './life-cycle.js';
import type { Plans } from './plans.js';
import { clusterOf, isProxied } from './tsuru-headers.js';

export interface CallOptions {
  lifeCycle: LifeCycle;
  plans: Plans;
  multiCluster: boolean;
  /** Whether to refuse life-cycle calls from Tsuru's proxy, where any user with access to an instance can send them. */
  refuseProxied: boolean;
}

/** One of Tsuru's calls, or a request to one of the service's own endpoints. */
export interface Call {
  /** For metrics and traces; as a function, it depends on the values of the parameters. */
  name: string | ((values: readonly string[]) => string);
  method: Method;
  /** With `:parameters`, which are identified by position, not by name. */
  path: string;
  /** @param values of the parameters, decoded, in order: the first is the instance */
  handle(request: ServiceRequest, values: readonly string[]): Promise<ServiceResponse>;
}

/**
 * Tsuru's calls, without those to the service's own endpoints. `POST /resources/:name/bind` must not be served: Tsuru
 * tries it after a 404 from bind-app, and any other response would hide that the instance does not exist.
 */
export function tsuruCalls({ lifeCycle, plans, multiCluster, refuseProxied }: CallOptions): Call[] {
  const cluster = (request: ServiceRequest) => (multiCluster ? clusterOf(request) : undefined);
  const planList = jsonResponse(200, plans.list());

  /**
   * `GET /resources/plans`; no instance has that name. It has no route of its own, since Hono's fast router does
   * not support a plain path beside one with a parameter.
   */
  const listPlans = (request: ServiceRequest): ServiceResponse => {
    if (multiCluster && cluster(request) === undefined) {
      const message = 'This service is multi-cluster. Choose a pool with --pool.';
      throw new ServiceError(400, message, { missing_params: ['cluster'] });
    }
    return planList;
  };

  /** A call that changes something. */
  const change =
    (
      handle: (call: {
        name: string;
        job: string;
        fields: Fields;
        caller: Caller;
      }) => Promise<ServiceResponse>,
    ) =>
    async (request: ServiceRequest, [name = '', job = '']: readonly string[]) => {
      const { headers, body } = request;
      if (refuseProxied && isProxied(headers)) throw notFromProxy();
      const fields = decodeBody(header(headers, 'content-type'), body);
      return handle({
        name,
        job,
        fields,
        caller: {
          requestedBy: { user: fields.text('user'), event: fields.text('eventid') },
          cluster: cluster(request),
        },
      });
    };

  return [
    {
      name: 'create',
      method: 'POST',
      path: '/resources',
      handle: change(async ({ fields, caller }) => {
        const name = required(fields, 'name');
        await lifeCycle.instances.create(specOf(name, fields), caller);
        return jsonResponse(201, { name });
      }),
    },
    {
      name: ([name]) => (name === 'plans' ? 'plans' : 'info'),
      method: 'GET',
      path: '/resources/:name',
      async handle(request, [name = '']) {
        if (name === 'plans') return listPlans(request);
        return jsonResponse(200, await lifeCycle.instances.info(name, cluster(request)));
      },
    },
    {
      name: 'update',
      method: 'PUT',
      path: '/resources/:name',
      handle: change(async ({ name, fields, caller }) => {
        await lifeCycle.instances.update(specOf(name, fields), caller);
        return jsonResponse(200, { name });
      }),
    },
    {
      name: 'destroy',
      method: 'DELETE',
      path: '/resources/:name',
      handle: change(async ({ name, caller }) => {
        await lifeCycle.instances.destroy(name, caller);
        return jsonResponse(200, { name });
      }),
    },
    {
      name: 'status',
      method: 'GET',
      path: '/resources/:name/status',
      async handle(request, [name = '']) {
        return statusResponse(await lifeCycle.instances.status(name, cluster(request)));
      },
    },
    {
      name: 'bind_app',
      method: 'POST',
      path: '/resources/:name/bind-app',
      handle: change(async ({ name, fields, caller }) => {
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
        return jsonResponse(201, await lifeCycle.binds.bind(name, { kind: 'app', app }, fields.parameters, caller));
      }),
    },
    {
      name: 'unbind_app',
      method: 'DELETE',
      path: '/resources/:name/bind-app',
      handle: change(async ({ name, fields, caller }) => {
        const app: WorkloadKey = { kind: 'app', name: boundName(required(fields, 'app-name')) };
        await lifeCycle.binds.unbind(name, app, caller);
        return jsonResponse(200, {});
      }),
    },
    {
      name: 'bind_job',
      method: 'PUT',
      path: '/resources/:name/binds/jobs/:job',
      handle: change(async ({ name, job, fields, caller }) => {
        const named = fields.text('job-name');
        if (named !== '' && named !== job) {
          throw new ServiceError(400, `The path names the job "${job}", but the body names "${named}".`);
        }
        const described = {
          name: boundName(job),
          pool: fields.text('job-pool-name'),
          cluster: fields.text('job-cluster-name'),
        };
        return jsonResponse(
          201,
          await lifeCycle.binds.bind(name, { kind: 'job', job: described }, fields.parameters, caller),
        );
      }),
    },
    {
      name: 'unbind_job',
      method: 'DELETE',
      path: '/resources/:name/binds/jobs/:job',
      handle: change(async ({ name, job, caller }) => {
        await lifeCycle.binds.unbind(name, { kind: 'job', name: boundName(job) }, caller);
        return jsonResponse(200, {});
      }),
    },
  ];
}

function notFromProxy(): ServiceError {
  return new ServiceError(
    403,
    'Only Tsuru itself may make this call, and this one came through its proxy. If there is a gateway between Tsuru and this service, set REFUSE_PROXIED_CALLS=false in the service.',
  );
}

function specOf(name: string, fields: Fields): InstanceSpec {
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

/** Checks the name of an app or job, so that it can be stored and can name a user in the backend. */
function boundName(name: string): string {
  if (!/^[A-Za-z0-9][\w.-]{0,254}$/.test(name)) {
    throw new ServiceError(400, 'The name of an app or job must be at most 255 letters, digits, "-", "_" and ".".');
  }
  return name;
}

function statusResponse(status: Status): ServiceResponse {
  switch (status) {
    case 'up':
      return { status: 204, headers: {} };
    case 'pending':
      return jsonResponse(202, { status });
    case 'down':
      return jsonResponse(500, { status });
    default:
      return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: status.text };
  }
}
