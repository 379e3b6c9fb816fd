import { basicAuth, pathBelow } from '../tsuru/access.ts';
import { Calls, type AppFields, type Call, type CallEvent, type JobFields } from '../tsuru/calls.ts';
import type { Encoding } from '../tsuru/encoding.ts';
import type { Exchange } from '../tsuru/http.ts';
import { poolHeaders } from '../tsuru/pool.ts';
import { describeReading, readReply, type Reading, type Sentinel } from '../tsuru/read-reply.ts';
import { sendFollowing } from '../tsuru/redirects.ts';
import type { Fault, Step } from './faults.ts';
import { quoted } from './http/go-text.ts';
import type { ApiRequest } from './http/request.ts';
import type { Instance, Json, Service, State } from './state/records.ts';
import { poolOf } from './pools.ts';
import { credentialsOf } from './page-server/secrets.ts';
import { commandOf } from './tsuru-command.ts';
import type { World } from './world.ts';

/** An instance as a user asked for it: parameters that were left out are not the same as none. */
export type Asked = Omit<Instance, 'parameters'> & { parameters: Record<string, Json> | null };

export type AskedBind = Omit<AppFields, 'parameters'> & Pick<Asked, 'parameters'>;

/** Tsuru's calls to one service. Each throws a {@link ServiceError} for a reply that Tsuru does not take. */
export interface ServiceClient {
  create: (instance: Asked, event: CallEvent) => Promise<void>;
  update: (instance: Asked, event: CallEvent) => Promise<void>;
  destroy: (instance: Instance, event: CallEvent) => Promise<void>;
  /** @returns variables; a 404 of `bind-app` is followed by the older `bind` */
  bindApp: (instance: Instance, app: string, fields: AskedBind, event: CallEvent) => Promise<Record<string, string>>;
  unbindApp: (instance: Instance, app: string, hosts: readonly string[], event: CallEvent) => Promise<void>;
  bindJob: (instance: Instance, job: string, fields: JobFields, event: CallEvent) => Promise<Record<string, string>>;
  unbindJob: (instance: Instance, job: string, event: CallEvent) => Promise<void>;
  status: (instance: Instance) => Promise<string>;
  /** Null for any status but 200. */
  info: (instance: Instance) => Promise<Record<string, string>[] | null>;
  /** Null for any status but 200. */
  plans: () => Promise<{ Name: string; Description: string; Schemas?: unknown }[] | null>;
}

/** A reply, or the lack of one, that Tsuru takes for an error; the message is Tsuru's. */
export class ServiceError extends Error {
  readonly sentinel: Sentinel | undefined;

  constructor(message: string, sentinel?: Sentinel) {
    super(message);
    this.sentinel = sentinel;
  }
}

const FAULT_STEPS: Partial<Record<Call['action'], Step>> = {
  Create: 'create',
  Update: 'update',
  Destroy: 'remove',
  BindApp: 'bind-app',
  UnbindApp: 'unbind-app',
  BindJob: 'bind-job',
  UnbindJob: 'unbind-job',
};

/** Whether a service does not know what it was asked about. */
export function isAbsence(error: unknown): boolean {
  return error instanceof ServiceError && error.sentinel === 'ErrInstanceNotFoundInAPI';
}

/**
 * The calls to a service for a request, from the instance's pool if it has one.
 *
 * @throws Error if there is no such pool, or if the service has no address for it
 */
export function clientOf(world: World, request: ApiRequest, service: Service, pool: string): ServiceClient {
  const address = addressOf(world, service, pool);
  const access = { address, ...credentialsOf(service) };
  const encoding: Encoding = service.encoding === 'json' ? 'json' : 'form';
  const from = pool === '' ? undefined : poolOf(world.state, pool);
  const calls = (event: CallEvent = NO_EVENT) =>
    new Calls(encoding, event, { ...(request.requestId !== '' && { 'X-Rid': request.requestId }), ...(from && poolHeaders(from)) });

  const exchangeOf = async (call: Call): Promise<{ exchange: Exchange; reading: Reading }> => {
    const fault = faultOf(world, call);
    const headers = { ...call.request.headers, Authorization: basicAuth(`${access.username}:${access.password}`) };
    const time = world.now().toISOString();
    const timeout = fault === 'timeout' ? Math.min(HANG_UP, world.settings.callTimeout) : world.settings.callTimeout;
    const sent = await sendFollowing(address, { ...call.request, headers }, { timeout, signal: world.closing, tls: world.settings.tls });
    const exchange = fault === undefined ? sent : { ...sent, reply: undefined, failure: fault === 'lost' ? 'ECONNRESET' : 'timeout' };
    const reading = readReply(call, exchange, { id: service.name, address });
    world.traffic.add({
      time,
      service: service.name,
      cause: { method: request.method, path: request.incoming.url ?? '', command: commandOf(request) },
      request: { method: call.request.method, url: address.origin + pathBelow(address, call.request.path), headers: call.request.headers, body: call.request.body ?? '' },
      reply: sent.reply && { status: sent.reply.status, headers: sent.reply.headers, body: sent.reply.body.toString() },
      failure: exchange.failure,
      milliseconds: sent.milliseconds,
      reading: describeReading(call, reading),
      fault,
    }, access);
    return { exchange, reading };
  };
  const make = async <Value>(call: Call): Promise<Value> => {
    const { reading } = await exchangeOf(call);
    if (!reading.ok) throw new ServiceError(reading.error, reading.sentinel);
    return reading.value as Value;
  };

  return {
    create: (instance, event) => make(calls(event).create(instance.name, instanceFields(instance, encoding))),
    update: (instance, event) => make(calls(event).update(instance.name, instanceFields(instance, encoding))),
    destroy: (instance, event) => make(calls(event).destroy(instance.name)),
    async bindApp(instance, app, given, event) {
      const fields = { ...given, parameters: sentParameters(given.parameters, encoding) };
      const { exchange, reading } = await exchangeOf(calls(event).bindApp(instance.name, app, fields));
      if (reading.ok) return (reading.value ?? {}) as Variables;
      if (exchange.reply?.status !== 404) throw new ServiceError(reading.error, reading.sentinel);
      return (await make<Variables | null>(calls(event).bindApp(instance.name, app, fields, 'bind'))) ?? {};
    },
    unbindApp: (instance, app, hosts, event) => make(calls(event).unbindApp(instance.name, app, hosts)),
    async bindJob(instance, job, fields, event) {
      return (await make<Variables | null>(calls(event).bindJob(instance.name, job, fields))) ?? {};
    },
    unbindJob: (instance, job, event) => make(calls(event).unbindJob(instance.name, job)),
    status: (instance) => make(calls().status(instance.name)),
    info: (instance) => make(calls().info(instance.name)),
    plans: () => make(calls().plans()),
  };
}

type Variables = Record<string, string>;

const NO_EVENT = { user: '', id: '' };
/** Milliseconds after which the fault `timeout` ends a call. */
const HANG_UP = 1000;

/**
 * The address of a service for a pool, as it was given but with a scheme: that of its cluster, else `production` (tsuru/service
 * `getClientForPool`).
 *
 * @throws Error if there is no such pool, or no address for it
 */
export function endpointOf(state: State, { endpoints }: Service, pool: string): string {
  const place = pool === '' ? undefined : poolOf(state, pool);
  if (pool !== '' && place === undefined) throw new Error('pool does not exist');
  const endpoint = endpoints[place?.cluster?.name ?? 'production'] ?? endpoints['production'];
  if (endpoint === undefined) throw new Error('Unknown endpoint: production');
  return /^https?:\/\//.test(endpoint) ? endpoint : `http://${endpoint}`;
}

/** The same, parsed. @throws Error, as before, and if it is no URL */
export function addressOf({ state }: World, service: Service, pool: string): URL {
  const endpoint = endpointOf(state, service, pool);
  if (!URL.canParse(endpoint)) throw new Error(`parse ${quoted(endpoint)}: invalid URL`);
  return new URL(endpoint);
}

function instanceFields({ teamOwner, plan, description, tags, parameters }: Asked, encoding: Encoding) {
  return { team: teamOwner, plan, description, tags, parameters: sentParameters(parameters, encoding) };
}

/** No parameters, unless they were left out, are one without a name in a form. */
function sentParameters(parameters: Record<string, Json> | null, encoding: Encoding): Record<string, Json> {
  return encoding === 'form' && parameters !== null && Object.keys(parameters).length === 0 ? { '': '' } : (parameters ?? {});
}

function faultOf({ faults }: World, { action }: Call): Fault | undefined {
  const step = FAULT_STEPS[action];
  if (step === undefined) return undefined;
  return (['lost', 'timeout'] as const).find((fault) => faults.take(fault, step));
}
