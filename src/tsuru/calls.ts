import { CONTENT_TYPE, encodeBody, type Encoding, type Fields, type ParameterMap } from './encoding.ts';
import type { HttpHeaders, HttpRequest } from './http.ts';

/** Tsuru's calls, named as its service client names them; `Proxy` is the request of a user, passed on. */
export type Action =
  | 'Plans'
  | 'Create'
  | 'Info'
  | 'Update'
  | 'Destroy'
  | 'BindApp'
  | 'BindJob'
  | 'UnbindApp'
  | 'UnbindJob'
  | 'Status'
  | 'Proxy';

/** One request, and all that the reading of its reply depends on. */
export interface Call {
  action: Action;
  /** The instance, app and job that Tsuru's error messages name; `''` where there is none. */
  instance: string;
  app: string;
  job: string;
  request: HttpRequest;
}

export interface InstanceFields {
  team: string;
  plan: string;
  description: string;
  tags: readonly string[];
  parameters: ParameterMap;
}

/** The event that a call belongs to; both fields may be empty. */
export interface CallEvent {
  user: string;
  id: string;
}

/** The pool of an app or a job and its cluster; what is empty is left out. */
export interface PlaceFields {
  pool: string;
  poolProvisioner: string;
  cluster: string;
  clusterProvisioner: string;
  clusterAddresses: readonly string[];
}

export interface AppFields extends PlaceFields {
  hosts: readonly string[];
  internalHosts: readonly string[];
  parameters: ParameterMap;
}

export type JobFields = PlaceFields;

/** Builds Tsuru's calls in one encoding, byte for byte as Tsuru sends them ("The calls" in the contract). */
export class Calls {
  private readonly encoding: Encoding;
  private readonly event: CallEvent;
  private readonly headers: HttpHeaders;

  /** @param headers sent with every call, such as those of a pool */
  constructor(encoding: Encoding, event: CallEvent, headers: HttpHeaders = {}) {
    this.encoding = encoding;
    this.event = event;
    this.headers = headers;
  }

  plans(): Call {
    return this.without('Plans', 'GET', '', '/resources/plans');
  }

  info(instance: string): Call {
    return this.without('Info', 'GET', instance, path(instance));
  }

  status(instance: string): Call {
    return this.without('Status', 'GET', instance, `${path(instance)}/status`);
  }

  create(instance: string, fields: InstanceFields): Call {
    const { team, plan, description, tags, parameters } = fields;
    return this.with('Create', 'POST', '/resources', { instance }, parameters, [
      ['name', 'name', instance, 'sent'],
      ['team', 'team', team, 'sent'],
      ['description', 'description', description, 'left out'],
      ['plan', 'plan', plan, 'left out'],
      ['tags', 'tags', tags, 'left out'],
      ['eventid', 'eventID', this.event.id, 'sent'],
      ['user', 'user', this.event.user, 'sent'],
    ]);
  }

  update(instance: string, fields: InstanceFields): Call {
    const { team, plan, description, tags, parameters } = fields;
    const whenEmpty = this.encoding === 'form' ? 'sent' : 'left out';
    return this.with('Update', 'PUT', path(instance), { instance }, parameters, [
      ['description', 'description', description, whenEmpty],
      ['team', 'team', team, 'sent'],
      ['plan', 'plan', plan, whenEmpty],
      ['tags', 'tags', tags, 'left out'],
      ['eventid', 'eventID', this.event.id, 'sent'],
      ['user', 'user', this.event.user, 'sent'],
    ]);
  }

  destroy(instance: string): Call {
    return this.with('Destroy', 'DELETE', path(instance), { instance }, {}, [
      ['eventid', 'eventID', this.event.id, 'sent'],
      ['user', 'user', this.event.user, 'sent'],
    ]);
  }

  /** @param route `bind` is Tsuru's fallback after a 404 from `bind-app` */
  bindApp(
    instance: string,
    app: string,
    fields: Partial<AppFields> = {},
    route: 'bind-app' | 'bind' = 'bind-app',
  ): Call {
    const { hosts = [], internalHosts = [], parameters = {} } = fields;
    return this.with('BindApp', 'POST', `${path(instance)}/${route}`, { instance, app }, parameters, [
      ['app-name', 'appName', app, 'sent'],
      ...this.hosts(hosts),
      ['user', 'user', this.event.user, 'left out'],
      ['eventid', 'eventID', this.event.id, 'left out'],
      ['app-hosts', 'appHosts', hosts, 'left out'],
      ['app-internal-hosts', 'appInternalHosts', internalHosts, 'left out'],
      ...placeFields('app', fields),
    ]);
  }

  unbindApp(instance: string, app: string, hosts: readonly string[] = []): Call {
    return this.with('UnbindApp', 'DELETE', `${path(instance)}/bind-app`, { instance, app }, {}, [
      ['app-hosts', 'appHosts', hosts, this.encoding === 'form' ? 'left out' : 'sent'],
      ['app-name', 'appName', app, 'sent'],
      ...this.hosts(hosts),
      ['user', 'user', this.event.user, 'sent'],
      ['eventid', 'eventID', this.event.id, 'sent'],
    ]);
  }

  bindJob(instance: string, job: string, fields: Partial<JobFields> = {}): Call {
    return this.with('BindJob', 'PUT', jobPath(instance, job), { instance, job }, {}, [
      ['job-name', 'jobName', job, 'sent'],
      ['user', 'user', this.event.user, 'left out'],
      ['eventid', 'eventID', this.event.id, 'left out'],
      ...placeFields('job', fields),
    ]);
  }

  unbindJob(instance: string, job: string): Call {
    return this.with('UnbindJob', 'DELETE', jobPath(instance, job), { instance, job }, {}, [
      ['user', 'user', this.event.user, 'sent'],
      ['eventid', 'eventID', this.event.id, 'sent'],
    ]);
  }

  /** A user's request as Tsuru's proxy passes it on: the connection is kept alive, and the client's address is added. */
  proxied(method: string, rawPath: string, body?: string): Call {
    const type = body === undefined ? {} : { 'Content-Type': CONTENT_TYPE[this.encoding] };
    const headers = { ...this.headers, Accept: '*/*', ...type, 'X-Forwarded-For': '203.0.113.7' };
    return {
      action: 'Proxy',
      ...NAMELESS,
      request: { method, path: rawPath, headers, ...(body !== undefined && { body }) },
    };
  }

  /** The same call, sent by a user through the proxy. */
  throughProxy({ request }: Call, rawPath = request.path): Call {
    return this.proxied(request.method, rawPath, request.body);
  }

  /** A form repeats the first host in a field of its own. */
  private hosts([first]: readonly string[]): Fields {
    return this.encoding === 'form' && first !== undefined ? [['app-host', '', first, 'sent']] : [];
  }

  private without(action: Action, method: string, instance: string, rawPath: string): Call {
    const headers = { ...this.headers, ...ALWAYS };
    return { action, ...NAMELESS, instance, request: { method, path: rawPath, headers } };
  }

  private with(
    action: Action,
    method: string,
    rawPath: string,
    names: Partial<Call>,
    parameters: ParameterMap,
    fields: Fields,
  ): Call {
    const headers = {
      ...this.headers,
      ...ALWAYS,
      'Content-Type': CONTENT_TYPE[this.encoding],
      ...(this.event.id !== '' && { 'X-Tsuru-Eventid': this.event.id }),
      ...(this.event.user !== '' && { 'X-Tsuru-User': this.event.user }),
    };
    const body = encodeBody(this.encoding, fields, parameters);
    return { action, ...NAMELESS, ...names, request: { method, path: rawPath, headers, body } };
  }
}

function placeFields(of: 'app' | 'job', place: Partial<PlaceFields>): Fields {
  const { pool = '', poolProvisioner = '', cluster = '', clusterProvisioner = '', clusterAddresses = [] } = place;
  return [
    [`${of}-pool-name`, `${of}PoolName`, pool, 'left out'],
    [`${of}-pool-provisioner`, `${of}PoolProvisioner`, poolProvisioner, 'left out'],
    [`${of}-cluster-name`, `${of}ClusterName`, cluster, 'left out'],
    [`${of}-cluster-provisioner`, `${of}ClusterProvisioner`, clusterProvisioner, 'left out'],
    [`${of}-cluster-addresses`, `${of}ClusterAddresses`, clusterAddresses, 'left out'],
  ];
}

const ALWAYS = { Connection: 'close', Accept: 'application/json' };
const NAMELESS = { instance: '', app: '', job: '' };

function path(instance: string): string {
  return `/resources/${encodeURIComponent(instance)}`;
}

function jobPath(instance: string, job: string): string {
  return `${path(instance)}/binds/jobs/${encodeURIComponent(job)}`;
}
