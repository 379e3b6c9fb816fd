import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { CheckedService } from '../../../src/check/session.ts';

export interface Reply {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Instance {
  name: string;
  team: string;
  plan: string;
  parameters: string;
  isPending: boolean;
  /** Whether the creation is over: the next call of status finds the instance up. */
  isCreated: boolean;
  /** By `app/NAME` and `job/NAME`; false after an unbind. */
  binds: Map<string, boolean>;
}

export interface Incoming {
  method: string;
  /** The raw request target. */
  target: string;
  segments: string[];
  headers: IncomingMessage['headers'];
  body: string;
  fields: Map<string, string>;
  /** Whether the client has hung up. */
  isGone: () => boolean;
}

/** Milliseconds that a creation takes. */
const CREATION = 15;
const NAME = /^[A-Za-z][-a-zA-Z0-9_]+$/;

export const USERNAME = 'svc';
export const PASSWORD = 'a secret of the tests';

/**
 * A small correct service in which every part can be replaced by a broken one: each method is one part of the contract. It
 * creates instances in the background, keeps them in memory, and distinguishes the proxy from Tsuru.
 */
export class Reference {
  instances = new Map<string, Instance>();
  hangUps = 0;
  planNames = ['small', 'large'];

  plans(): Reply {
    return { status: 200, body: this.planNames.map((name) => ({ name, description: `The ${name} one` })) };
  }

  create({ fields }: Incoming): Reply {
    const [name, team, plan] = ['name', 'team', 'plan'].map((key) => fields.get(key) ?? '') as [string, string, string];
    const parameters = this.parametersOf(fields);
    if (!NAME.test(name) || name === 'plans') return this.refuse(400, `"${name}" cannot be the name of an instance`);
    if (plan !== '' && !this.planNames.includes(plan)) return this.refuse(400, 'choose the plan small or large');
    const key = this.keyOf(name);
    const there = this.instances.get(key);
    if (there !== undefined) return this.createAgain(there, { team, plan, parameters });
    const instance = { name, team, plan, parameters, isPending: true, isCreated: false, binds: new Map<string, boolean>() };
    this.instances.set(key, instance);
    this.provision(instance);
    return { status: 201 };
  }

  createAgain(there: Instance, wanted: Pick<Instance, 'team' | 'plan' | 'parameters'>): Reply {
    const differing = (['team', 'plan', 'parameters'] as const).filter((key) => there[key] !== wanted[key]);
    if (differing.length > 0) return this.refuse(422, `it exists with another ${differing.join(', ')}`);
    if ([...there.binds.values()].includes(true)) return this.refuse(422, 'it exists and is in use');
    return { status: 201 };
  }

  provision(instance: Instance): void {
    setTimeout(() => {
      instance.isCreated = true;
    }, CREATION);
  }

  info({ name, plan }: Instance): Reply {
    return {
      status: 200,
      body: [
        { label: 'Address', value: `${name}.example.com` },
        { label: 'Plan', value: plan },
      ],
    };
  }

  update({ name, plan: held }: Instance, { fields }: Incoming): Reply {
    const plan = fields.get('plan') ?? '';
    if (plan !== '' && !this.planNames.includes(plan)) {
      return this.refuse(400, `choose small or large; to go back: tsuru service instance update svc ${name} -p ${held}`);
    }
    return { status: 200 };
  }

  destroy(instance: Instance, _incoming: Incoming): Reply {
    this.instances.delete(this.keyOf(instance.name));
    return { status: 200 };
  }

  status(instance: Instance): Reply {
    if (instance.isCreated) instance.isPending = false;
    return { status: instance.isPending ? 202 : 204 };
  }

  bindApp(instance: Instance, { fields }: Incoming): Reply {
    const app = fields.get('app-name') ?? '';
    if (app === '') return this.refuse(400, 'the name of the app is missing');
    return this.bind(instance, `app/${app}`);
  }

  bindJob(instance: Instance, job: string): Reply {
    return this.bind(instance, `job/${job}`);
  }

  bind(instance: Instance, who: string): Reply {
    if (instance.isPending) return this.refuse(412, 'it is not ready yet');
    instance.binds.set(who, true);
    return { status: 201, body: this.variables(instance, who) };
  }

  variables(instance: Instance, who: string): Record<string, unknown> {
    const secret = createHash('sha256').update(`${instance.name} ${who}`).digest('hex');
    return { SVC_HOST: 'svc.example.com', SVC_PASSWORD: secret };
  }

  unbindApp(instance: Instance, { fields }: Incoming): Reply {
    return this.unbind(instance, `app/${fields.get('app-name') ?? ''}`);
  }

  unbindJob(instance: Instance, job: string): Reply {
    return this.unbind(instance, `job/${job}`);
  }

  unbind(instance: Instance, who: string): Reply {
    if (!instance.binds.has(who)) return this.refuse(404, 'it is not bound');
    instance.binds.set(who, false);
    return { status: 200 };
  }

  /** The reply to a call about a missing instance. */
  missing({ method, segments }: Incoming): Reply {
    const isUpdate = method === 'PUT' && segments.length === 2;
    return this.refuse(isUpdate ? 410 : 404, 'there is no such instance');
  }

  /** The reply to an unknown path. */
  unknown(_incoming: Incoming): Reply {
    return this.refuse(404, 'unknown path');
  }

  refuse(status: number, message: string): Reply {
    return { status, body: { code: status, message } };
  }

  /** The key of an instance in the map. */
  keyOf(name: string): string {
    return name;
  }

  isAuthorized(authorization: string | undefined, _incoming: Incoming): boolean {
    return authorization === `Basic ${Buffer.from(`${USERNAME}:${PASSWORD}`).toString('base64')}`;
  }

  /** Whether a call that changes something comes from Tsuru itself. */
  isTrusted({ headers }: Incoming): boolean {
    return headers['x-forwarded-for'] === undefined || headers.connection === 'close';
  }

  segmentsOf(target: string): string[] | undefined {
    const [path = ''] = target.split('?', 1);
    try {
      const segments = path.slice(1).split('/').map(decodeURIComponent);
      return segments.some((segment) => /^\.{0,2}$/.test(segment) || segment.includes('/')) ? undefined : segments;
    } catch {
      return undefined;
    }
  }

  /** Decodes a body; undefined if that is impossible. The fields of JSON get the names of the form. */
  fieldsOf(body: string, type: string): Map<string, string> | undefined {
    if (type === 'application/json') {
      const renamed: Record<string, string> = { appName: 'app-name', jobName: 'job-name', eventID: 'eventid' };
      try {
        const value = JSON.parse(body) as unknown;
        if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
        if ('name' in value && typeof value.name !== 'string') return undefined;
        return new Map(
          Object.entries(value).map(([key, item]) => [
            renamed[key] ?? key,
            typeof item === 'string' ? item : JSON.stringify(item),
          ]),
        );
      } catch {
        return undefined;
      }
    }
    if (type !== 'application/x-www-form-urlencoded') return undefined;
    return new Map(new URLSearchParams(body));
  }

  parametersOf(fields: Map<string, string>): string {
    const entries = [...fields].filter(([key]) => key.startsWith('parameters'));
    return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Turns a request into a reply. */
  handle(incoming: Omit<Incoming, 'segments' | 'fields'>): Reply | Promise<Reply> {
    const segments = this.segmentsOf(incoming.target);
    const whole: Incoming = { ...incoming, segments: segments ?? [], fields: new Map() };
    if (!this.isAuthorized(incoming.headers.authorization, whole)) {
      return { ...this.refuse(401, 'wrong password'), headers: { 'www-authenticate': 'Basic realm="svc"' } };
    }
    if (segments === undefined) return this.unknown(whole);
    return this.dispatch(whole);
  }

  dispatch(incoming: Incoming): Reply | Promise<Reply> {
    const { method, segments, headers, body } = incoming;
    const [first, name, what, kind, job] = segments;
    if (first !== 'resources') return this.unknown(incoming);
    if (method === 'GET' && segments.length === 2 && name === 'plans') return this.plans();
    if (method !== 'GET') {
      if (!this.isTrusted(incoming)) return this.refuse(403, 'this is for Tsuru itself');
      const fields = this.fieldsOf(body, headers['content-type'] ?? '');
      if (fields === undefined) return this.refuse(400, 'the body cannot be read');
      incoming.fields = fields;
    }
    if (segments.length === 1) return method === 'POST' ? this.create(incoming) : this.unknown(incoming);
    const instance = this.instances.get(this.keyOf(name ?? ''));
    if (instance === undefined) return this.missing(incoming);
    const route = `${method} ${segments.length === 5 && what === 'binds' && kind === 'jobs' ? 'job' : segments.slice(2).join('/')}`;
    switch (route) {
      case 'GET ':
        return this.info(instance);
      case 'PUT ':
        return this.update(instance, incoming);
      case 'DELETE ':
        return this.destroy(instance, incoming);
      case 'GET status':
        return this.status(instance);
      case 'POST bind-app':
        return this.bindApp(instance, incoming);
      case 'DELETE bind-app':
        return this.unbindApp(instance, incoming);
      case 'PUT job':
        return this.bindJob(instance, job ?? '');
      case 'DELETE job':
        return this.unbindJob(instance, job ?? '');
      default:
        return this.unknown(incoming);
    }
  }

  /** Called when a client hangs up during its request. */
  hungUp(): void {
    this.hangUps++;
  }

  write(response: ServerResponse, { status, body, headers = {} }: Reply): void {
    const isText = typeof body === 'string';
    response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json', ...headers });
    response.end(body === undefined ? undefined : isText ? body : JSON.stringify(body));
  }
}

/** A reference at an address, to be checked as a multi-cluster service in both encodings, with little patience. */
export function checkedAt(address: URL, over: Partial<CheckedService> = {}): CheckedService {
  return {
    ...{ address, id: USERNAME, username: USERNAME, password: PASSWORD, encodings: ['form', 'json'] },
    ...{ plan: undefined, parameters: {}, timeout: 1500, multiCluster: true },
    ...over,
  };
}

/** Serves a service on a free port of 127.0.0.1. */
export async function serve(service: Reference): Promise<{ url: URL; server: Server; close: () => Promise<void> }> {
  const replyTo = async (incoming: Parameters<Reference['handle']>[0]): Promise<Reply> => {
    try {
      return await service.handle(incoming);
    } catch {
      return { status: 500, body: 'internal error' };
    }
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => {
      service.hungUp();
    });
    request.on('end', () => {
      const { method = '', url: target = '', headers } = request;
      const body = Buffer.concat(chunks).toString();
      void replyTo({ method, target, headers, body, isGone: () => response.destroyed }).then((reply) => {
        service.write(response, reply);
      });
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    server,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
