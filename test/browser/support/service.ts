import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A service of tables in memory, as small as one can be, for the page to work with. */
export interface SmallService {
  port: number;
  /** From here on, instances whose names begin with `slow` are no longer pending. */
  ready: () => void;
  close: () => Promise<void>;
}

export interface SmallServiceOptions {
  port?: number;
  /** Of the variable `MYDB_PASSWORD` that a bind brings. */
  secret: string;
}

/** Starts it on 127.0.0.1. The plan `huge` is refused. */
export async function startSmallService({ port = 0, secret }: SmallServiceOptions): Promise<SmallService> {
  const instances = new Set<string>();
  let isReady = false;
  const variables = (name: string) => ({ MYDB_HOST: `${name}.example.com`, MYDB_PASSWORD: secret });
  const replyTo = ({ method = '', url = '', headers }: IncomingMessage, fields: URLSearchParams): [status: number, body?: unknown] => {
    const [, name = '', rest = ''] = /^\/resources\/([^/?]+)(.*)$/.exec(url) ?? [];
    if (name === 'plans') return [200, [{ name: 'small', description: 'For trying things out' }, { name: 'huge', description: 'Sold out' }]];
    if (url === '/resources') {
      if (fields.get('plan') === 'huge') return [400, 'plan "huge" is sold out'];
      instances.add(fields.get('name') ?? '');
      return [201, {}];
    }
    if (!instances.has(name)) return [404, 'no such instance'];
    if (rest === '/status') return [name.startsWith('slow') && !isReady ? 202 : 204];
    if (rest === '/bind-app') return method === 'POST' ? [201, variables(name)] : [200];
    if (rest.startsWith('/binds/jobs/')) return method === 'PUT' ? [201, variables(name)] : [200];
    if (rest.startsWith('/backups/')) return [200, { backup: rest.slice('/backups/'.length), authorization: headers.authorization, fields: [...fields] }];
    if (rest === '/usage') return [200, { used: '12 MiB', limit: '1 GiB' }];
    if (method === 'GET') return [200, [{ label: 'Address', value: `${name}.example.com:5432` }]];
    if (method === 'DELETE') instances.delete(name);
    return [200];
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const [status, body] = replyTo(request, new URLSearchParams(Buffer.concat(chunks).toString()));
      response.writeHead(status, body === undefined ? {} : { 'Content-Type': typeof body === 'string' ? 'text/plain' : 'application/json' });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  await listen(server, port);
  return {
    port: (server.address() as AddressInfo).port,
    ready: () => {
      isReady = true;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
}
