import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A service of tables in memory, as small as one can be, for the page to work with. */
export interface SmallService {
  port: number;
  /** Questions about the state of an instance until one whose name begins with `slow` is up. */
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
  const instances = new Map<string, string>();
  let isReady = false;
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const fields = new URLSearchParams(Buffer.concat(chunks).toString());
    const send = (status: number, body?: unknown): void => {
      response.writeHead(status, { 'Content-Type': typeof body === 'string' ? 'text/plain' : 'application/json' });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    const { method = '', url = '' } = request;
    const [, name = '', rest = ''] = /^\/resources\/([^/?]+)(.*)$/.exec(url) ?? [];
    if (name === 'plans') return send(200, [{ name: 'small', description: 'For trying things out' }, { name: 'huge', description: 'Sold out' }]);
    if (url === '/resources') {
      if (fields.get('plan') === 'huge') return send(400, 'plan "huge" is sold out');
      instances.set(fields.get('name') ?? '', fields.get('plan') ?? '');
      return send(201, {});
    }
    if (!instances.has(name)) return send(404, 'no such instance');
    if (rest === '/status') return send(name.startsWith('slow') && !isReady ? 202 : 204);
    if (rest === '/bind-app' && method === 'POST') return send(201, { MYDB_HOST: `${name}.example.com`, MYDB_PASSWORD: secret });
    if (rest === '/bind-app') return send(200);
    if (rest.startsWith('/binds/jobs/') && method === 'PUT') return send(201, { MYDB_HOST: `${name}.example.com`, MYDB_PASSWORD: secret });
    if (rest.startsWith('/backups/')) return send(200, { backup: rest.slice('/backups/'.length), authorization: request.headers.authorization, body: [...fields] });
    if (rest === '/usage') return send(200, { used: '12 MiB', limit: '1 GiB' });
    if (method === 'GET') return send(200, [{ label: 'Address', value: `${name}.example.com:5432` }]);
    if (method === 'DELETE' && rest === '') instances.delete(name);
    if (method === 'PUT' && rest === '') instances.set(name, fields.get('plan') ?? '');
    return send(200);
  };
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
