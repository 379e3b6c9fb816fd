import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

interface Kept {
  plan: string;
  apps: Set<string>;
  jobs: Set<string>;
}

/** A service in memory that takes all calls of Tsuru, forgives repeated ones, and tells what it has and what it was asked. */
export interface Recorder {
  address: string;
  instances: Map<string, Kept>;
  /** `METHOD PATH` of each call that changes something, and of each status. */
  calls: string[];
  /** What it does before it works; nothing, unless it is set. */
  before: (call: string, hungUp: Promise<void>) => Promise<void>;
  close: () => Promise<void>;
}

export async function startRecorder(): Promise<Recorder> {
  const instances: Recorder['instances'] = new Map();
  const calls: string[] = [];
  const recorder: Omit<Recorder, 'address' | 'close'> = { instances, calls, before: () => Promise.resolve() };

  const answer = (method: string, path: string, fields: URLSearchParams): { status: number; body?: unknown } => {
    const [, name = '', kind, , job = ''] = path.slice(1).split('/');
    if (path === '/resources/plans') return { status: 200, body: [] };
    if (method === 'POST' && path === '/resources') {
      const created = fields.get('name') ?? '';
      instances.set(created, instances.get(created) ?? { plan: fields.get('plan') ?? '', apps: new Set(), jobs: new Set() });
      return { status: 201 };
    }
    const instance = instances.get(name);
    if (instance === undefined) return { status: 404 };
    const [bound, who] = kind === 'binds' ? [instance.jobs, job] : [instance.apps, fields.get('app-name') ?? ''];
    if (kind === 'status') return { status: 204 };
    if (kind !== undefined && method === 'DELETE') return { status: bound.delete(who) ? 200 : 404 };
    if (kind !== undefined) {
      bound.add(who);
      return { status: 201, body: { DB_HOST: `${name}.example.com`, DB_PASSWORD: `of ${who}` } };
    }
    if (method === 'DELETE') instances.delete(name);
    else if (method === 'PUT') instance.plan = fields.get('plan') ?? '';
    return { status: 200, body: [] };
  };

  const server = createServer((request, response) => {
    const [method = '', path = ''] = [request.method, request.url];
    const call = `${method} ${path}`;
    void text(request).then(async (body) => {
      if (method !== 'GET' || path.endsWith('/status')) calls.push(call);
      await recorder.before(call, new Promise((resolve) => response.once('close', () => { resolve(); })));
      const reply = answer(method, path, new URLSearchParams(body));
      response.writeHead(reply.status, { 'Content-Type': 'application/json' });
      response.end(reply.body === undefined ? undefined : JSON.stringify(reply.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(recorder, {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
