import { basicAuth } from '../../tsuru/access.ts';
import { poolHeaders } from '../../tsuru/pool.ts';
import { underEvent, type EventOptions, type RunningEvent } from '../events/events.ts';
import { aboutInstance, aboutService, findInstance, findService, instanceContexts } from '../state/find.ts';
import type { Answer } from '../http/answer.ts';
import { fieldsOf } from '../http/input.ts';
import { param, userOf, type ApiRequest } from '../http/request.ts';
import { routes } from '../http/router.ts';
import { sentPath } from '../http/url.ts';
import { encodeValues, first, parseValues, queryError } from '../http/values.ts';
import { actionPermission, operationFor } from '../permissions/manifest.ts';
import { grants, isAllowed, permissionsOf, requireAllowed, unauthorized } from '../permissions/permissions.ts';
import { poolOf } from '../pools.ts';
import { requestHeaders } from '../proxy/proxy-headers.ts';
import { pathAtService, pathInManifest } from '../proxy/proxy-path.ts';
import type { Instance, Service, State, User } from '../state/records.ts';
import { KEPT_BODY } from '../proxy/reverse-proxy.ts';
import { credentialsOf } from '../page-server/secrets.ts';
import { addressOf, endpointOf } from '../service-client.ts';
import { commandOf } from '../tsuru-command.ts';
import type { World } from '../world.ts';

const LEGACY = 'service-instance.update.proxy';

/** The permission that a request to an instance was found to need, and the action if it has one. */
interface Access {
  kind: string;
  action?: string;
}

/**
 * Whether a user may send a request to an instance (tsuru/api `authorizeServiceInstanceProxy`): by the action that the service's
 * manifest has for it, or by the older permission to the whole proxy, as far as the manifest leaves it that.
 *
 * @throws ApiError with 403
 */
export function accessTo(state: State, user: User, service: Service, instance: Instance, method: string, path: string): Access {
  const { manifest } = service;
  const contexts = instanceContexts(instance);
  const hasLegacy = isAllowed(state, user, LEGACY, contexts);
  if (manifest?.enabled !== true) {
    if (hasLegacy) return { kind: LEGACY };
    throw unauthorized();
  }
  const action = operationFor(manifest, method, pathInManifest(instance.name, path))?.action;
  const kind = action === undefined ? LEGACY : actionPermission(service.name, action);
  const access = { kind, ...(action !== undefined && { action }) };
  if (action !== undefined && grants(permissionsOf(state, user).actions, kind, contexts)) return access;
  const takesLegacy = manifest.legacy_compat ? action !== undefined || !manifest.strict_actions : action === undefined && !manifest.strict_actions;
  if (takesLegacy && hasLegacy) return access;
  throw unauthorized();
}

function toInstance(askedOf: (request: ApiRequest, instance: Instance) => { forAccess: string; path: string }) {
  return (request: ApiRequest, world: World): Answer => {
    const { state } = world;
    const instance = findInstance(state, param(request, 'service'), param(request, 'instance'));
    const service = findService(state, instance.service);
    const { forAccess, path } = askedOf(request, instance);
    const { kind, action } = accessTo(state, userOf(request), service, instance, request.method, forAccess);
    const event = {
      ...aboutInstance(instance),
      kind,
      data: [...dataOf(request), ...(action === undefined ? [] : ['action', 'operation'].map((name) => ({ name, value: action })))],
    };
    return passing(request, world, event, (running) =>
      pass(request, world, service, { path: pathAtService(instance.name, request.method, path), pool: instance.pool }, running),
    );
  };
}

function toService(pathOf: (request: ApiRequest) => string, permission: string | undefined) {
  return (request: ApiRequest, world: World): Answer => {
    const service = findService(world.state, param(request, 'service'));
    const event = { ...aboutService(service), kind: 'service.update.proxy', data: dataOf(request) };
    if (permission !== undefined) requireAllowed(request, world.state, permission, event.contexts);
    return passing(request, world, event, (running) => pass(request, world, service, { path: pathOf(request), pool: '' }, running));
  };
}

function dataOf(request: ApiRequest): NonNullable<EventOptions['data']> {
  return [...fieldsOf(request), { name: 'method', value: request.method }];
}

type Pass = (response: Parameters<World['proxy']['pass']>[1]) => Promise<void>;

/** A request that only reads has no event. */
function passing(request: ApiRequest, world: World, event: EventOptions, passTo: (running: RunningEvent | undefined) => Pass): Answer {
  return {
    async write(response) {
      if (request.method === 'GET') await passTo(undefined)(response);
      else await underEvent(world, request, event, (running) => passTo(running)(response));
      response.end();
    },
  };
}

/** What the router of Tsuru adds to a query, and the variable of the older proxy: neither is passed on. */
const NOT_PASSED = ['callback', ':service', ':instance', ':path', ':version', ':mux-route-name', ':mux-path-template'];

/** @throws Error if there is no such pool, no address for it, or a path that cannot be sent */
function pass(request: ApiRequest, world: World, service: Service, { path, pool }: { path: string; pool: string }, event: RunningEvent | undefined): Pass {
  const endpoint = endpointOf(world.state, service, pool);
  const query = encodeValues(new Map([...request.query].filter(([name]) => !NOT_PASSED.includes(name))));
  const url = `${endpoint.replace(/\/+$/, '')}/${path.replace(/^\/+|\/+$/g, '')}${query === '' ? '' : `?${query}`}`;
  const sent = sentPath(url);
  const isRead = request.method === 'GET';
  const clean = isRead || queryError(sent.query) === undefined ? sent.query : encodeValues(parseValues(sent.query));
  const address = addressOf(world, service, pool);
  const credentials = credentialsOf(service);
  const place = pool === '' ? undefined : poolOf(world.state, pool);
  const own = {
    ...(event && { 'X-Tsuru-User': event.user, 'X-Tsuru-Eventid': event.id }),
    'X-Rid': request.requestId,
    ...(place && poolHeaders(place)),
  };
  const { incoming, body, method, remote } = request;
  const headers = requestHeaders(incoming.rawHeaders, remote, { ...own, Authorization: basicAuth(`${credentials.username}:${credentials.password}`) });
  // A question mark alone stays, as Go keeps it.
  const asked = sent.path + (clean === '' && !/^[^?#]*\?(#|$)/.test(url) ? '' : `?${Buffer.from(clean).toString('latin1').replaceAll(' ', '%20')}`);
  return async (response) => {
    const [time, start] = [world.now().toISOString(), performance.now()];
    const isChunked = incoming.headers['transfer-encoding'] !== undefined;
    const passed = await world.proxy.pass({ method, address, path: asked, headers, body, isChunked }, response);
    const { status, failure } = passed;
    world.traffic.add({
      time,
      service: service.name,
      cause: { method, path: incoming.url ?? '', command: commandOf(request) },
      request: {
        method,
        url: address.origin + asked,
        headers: Object.fromEntries(headers.filter(([name]) => name !== 'Authorization')),
        body: body.subarray(0, KEPT_BODY).toString(),
      },
      reply: status === undefined ? undefined : { status, headers: passed.headers ?? {}, body: passed.body ?? '' },
      failure,
      milliseconds: performance.now() - start,
      reading: status === undefined ? 'Tsuru answers 502 with an empty body.' : 'Tsuru passes the reply on to its user unchanged.',
      fault: undefined,
    }, { address, ...credentials });
  };
}

const callback = ({ query }: ApiRequest) => first(query, 'callback');

export const PROXY_ROUTES = routes({
  '1.0 ANY /services/{service}/proxy/{instance}': toInstance((request) => ({ forAccess: callback(request), path: callback(request) })),
  '1.20 ANY /services/{service}/resources/{instance}/{path:.*}': toInstance((request, { name }) => ({
    forAccess: param(request, 'path'),
    path: `/resources/${name}/${param(request, 'path')}`,
  })),
  '1.0 ANY /services/proxy/service/{service}': toService(callback, 'service.update.proxy'),
  '1.21 ANY /services/{service}/authenticated-resources/{path:.*}': toService((request) => `/authenticated-resources/${param(request, 'path')}`, undefined),
});
