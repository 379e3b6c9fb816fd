import type { Request } from './http.ts';

export type Encoding = 'form' | 'json';

/** Tsuru's own calls, by the names of its client; `Proxy` is a request of one of its users, handed on. */
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

/** A request of Tsuru with what its reading depends on. */
export interface Call {
  action: Action;
  /** The instance, app and job that Tsuru's messages name. */
  instance: string;
  app: string;
  job: string;
  request: Request;
}

/** Strings, and lists and objects of them, as the `tsuru` command sends them. */
export type Parameter = string | Parameter[] | { [key: string]: Parameter };

export interface InstanceFields {
  team: string;
  plan: string;
  description: string;
  tags: readonly string[];
  parameters: { [key: string]: Parameter };
}

/** The event that a call belongs to; both can be empty. */
export interface Event {
  user: string;
  id: string;
}

export interface AppFields {
  hosts: readonly string[];
  internalHosts: readonly string[];
  pool: string;
  parameters: { [key: string]: Parameter };
}

type Fields = [formName: string, jsonName: string, value: string | readonly string[], whenEmpty: 'sent' | 'left out'][];

/** Builds Tsuru's calls in one of its encodings, byte by byte as Tsuru's own client writes them. */
export class Calls {
  private readonly encoding: Encoding;
  private readonly event: Event;
  private readonly headers: Record<string, string | string[]>;

  /** @param headers what every call has beside its own: the pool and the cluster of a multi-cluster service */
  constructor(encoding: Encoding, event: Event, headers: Record<string, string | string[]> = {}) {
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
      ['team', 'team', team, 'sent'],
      ['description', 'description', description, whenEmpty],
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

  /** @param route `bind` is what Tsuru tries when `bind-app` answered 404 */
  bindApp(
    instance: string,
    app: string,
    fields: Partial<AppFields> = {},
    route: 'bind-app' | 'bind' = 'bind-app',
  ): Call {
    const { hosts = [], internalHosts = [], pool = '', parameters = {} } = fields;
    return this.with('BindApp', 'POST', `${path(instance)}/${route}`, { instance, app }, parameters, [
      ['app-name', 'appName', app, 'sent'],
      ...this.hosts(hosts),
      ['user', 'user', this.event.user, 'left out'],
      ['eventid', 'eventID', this.event.id, 'left out'],
      ['app-hosts', 'appHosts', hosts, 'left out'],
      ['app-internal-hosts', 'appInternalHosts', internalHosts, 'left out'],
      ['app-pool-name', 'appPoolName', pool, 'left out'],
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

  bindJob(instance: string, job: string): Call {
    return this.with('BindJob', 'PUT', jobPath(instance, job), { instance, job }, {}, [
      ['job-name', 'jobName', job, 'sent'],
      ['user', 'user', this.event.user, 'left out'],
      ['eventid', 'eventID', this.event.id, 'left out'],
    ]);
  }

  unbindJob(instance: string, job: string): Call {
    return this.with('UnbindJob', 'DELETE', jobPath(instance, job), { instance, job }, {}, [
      ['user', 'user', this.event.user, 'sent'],
      ['eventid', 'eventID', this.event.id, 'sent'],
    ]);
  }

  /** A request of a user, as Tsuru's proxy hands it on: kept alive, with where it came from. */
  proxied(method: string, rawPath: string, body?: string): Call {
    const type = body === undefined ? {} : { 'Content-Type': CONTENT_TYPE[this.encoding] };
    const headers = { ...this.headers, Accept: '*/*', ...type, 'X-Forwarded-For': '203.0.113.7' };
    return {
      action: 'Proxy',
      ...NOTHING,
      request: { method, path: rawPath, headers, ...(body !== undefined && { body }) },
    };
  }

  /** The same call as a user would send it through the proxy. */
  throughProxy({ request }: Call, rawPath = request.path): Call {
    return this.proxied(request.method, rawPath, request.body);
  }

  /** In a form the first host is sent by itself as well. */
  private hosts([first]: readonly string[]): Fields {
    return this.encoding === 'form' && first !== undefined ? [['app-host', '', first, 'sent']] : [];
  }

  private without(action: Action, method: string, instance: string, target: string): Call {
    const headers = { ...this.headers, ...ALWAYS };
    return { action, ...NOTHING, instance, request: { method, path: target, headers } };
  }

  private with(
    action: Action,
    method: string,
    target: string,
    names: Partial<Call>,
    parameters: { [key: string]: Parameter },
    fields: Fields,
  ): Call {
    const sent = fields.filter(([, , value, whenEmpty]) => whenEmpty === 'sent' || value.length > 0);
    const headers = {
      ...this.headers,
      ...ALWAYS,
      'Content-Type': CONTENT_TYPE[this.encoding],
      ...(this.event.id !== '' && { 'X-Tsuru-Eventid': this.event.id }),
      ...(this.event.user !== '' && { 'X-Tsuru-User': this.event.user }),
    };
    const body = this.encoding === 'form' ? formBody(sent, parameters) : jsonBody(sent, parameters);
    return { action, ...NOTHING, ...names, request: { method, path: target, headers, body } };
  }
}

const ALWAYS = { Connection: 'close', Accept: 'application/json' };
const NOTHING = { instance: '', app: '', job: '' };
const CONTENT_TYPE = { form: 'application/x-www-form-urlencoded', json: 'application/json' };

function path(instance: string): string {
  return `/resources/${encodeURIComponent(instance)}`;
}

function jobPath(instance: string, job: string): string {
  return `${path(instance)}/binds/jobs/${encodeURIComponent(job)}`;
}

function formBody(fields: Fields, parameters: { [key: string]: Parameter }): string {
  const pairs = fields.flatMap(([name, , value]) =>
    (typeof value === 'string' ? [value] : value).map((text): [string, string] => [name, text]),
  );
  const sorted = [...pairs, ...formParameters(parameters)].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return new URLSearchParams(sorted).toString();
}

/** `parameters` flattened as Tsuru does: keys joined by dots, list items by their index, everything empty as `''`. */
export function formParameters(value: Parameter, prefix = 'parameters'): [string, string][] {
  if (typeof value === 'string') return [[prefix, value]];
  const entries = Object.entries(value);
  if (entries.length === 0) return prefix === 'parameters' ? [] : [[prefix, '']];
  return entries.flatMap(([key, item]) => formParameters(item, `${prefix}.${key.replace(/[\\.]/g, '\\$&')}`));
}

function jsonBody(fields: Fields, parameters: { [key: string]: Parameter }): string {
  const members = fields.map(([, name, value]) => `${JSON.stringify(name)}:${goString(value)}`);
  if (Object.keys(parameters).length > 0) members.push(`"parameters":${goString(parameters)}`);
  return `{${members.join(',')}}\n`;
}

/** Go writes `<`, `>` and `&` in JSON as escapes. */
function goString(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
}
