import { STATUS_CODES } from 'node:http';

import type { Reference } from '../../broken/reference.ts';
import { around, type Trait } from '../trait.ts';

/** Adds headers to every reply. */
function withHeaders(headers: Record<string, string>): (service: Reference) => void {
  return (service) => {
    const right = service.write.bind(service);
    service.write = (response, reply) => {
      right(response, { ...reply, headers: { ...reply.headers, ...headers } });
    };
  };
}

export const WIRE: readonly Trait[] = [
  {
    name: 'every reply is text/plain',
    makes: withHeaders({ 'content-type': 'text/plain; charset=utf-8' }),
    fails: [],
  },
  {
    name: 'errors are HTML pages',
    makes: (service) => {
      service.refuse = (status, message) => ({
        status,
        body: `<!DOCTYPE html><html><body><h1>${status}</h1><p>${message}</p></body></html>`,
        headers: { 'content-type': 'text/html' },
      });
    },
    fails: ['http.plain-errors'],
    blocks: ['create.refusal-text'],
  },
  { name: 'the connection is closed after every reply', makes: withHeaders({ connection: 'close' }), fails: [] },
  { name: 'the connection is kept alive, whatever the client asks for', makes: withHeaders({ connection: 'keep-alive' }), fails: [] },
  {
    name: 'HTTP/1.0, where the end of the connection is the end of the body',
    makes: (service) => {
      service.write = ({ socket }, { status, body, headers = {} }) => {
        const lines = [`HTTP/1.0 ${status} ${STATUS_CODES[status] ?? ''}`, ...Object.entries(headers).map((pair) => pair.join(': '))];
        const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body);
        socket?.end(`${lines.join('\r\n')}\r\n\r\n${text}`);
      };
    },
    fails: [],
  },
  {
    name: 'a wrong password gets 403, without the scheme',
    makes: (service) => {
      around(service, (right) => async (incoming) => {
        const reply = await right(incoming);
        return reply.status === 401 ? service.refuse(403, 'wrong password') : reply;
      });
    },
    fails: [],
  },
  {
    name: 'bodies in JSON get 415',
    makes: (service) => {
      const right = service.dispatch.bind(service);
      service.dispatch = (incoming) =>
        incoming.headers['content-type'] === 'application/json' ? service.refuse(415, 'send a form') : right(incoming);
    },
    fails: ['create.success'],
    blocks: [
      ...['bind-app.after-unbind', 'bind-app.no-host', 'bind-app.parameters', 'bind-app.repeat'],
      ...['bind-app.success', 'bind-app.two-hosts', 'bind-job.apart-from-app', 'bind-job.repeat', 'bind-job.success'],
      ...['create.after-refusal', 'create.lost-reply', 'create.no-user', 'create.other-team', 'create.repeat'],
      ...['create.tags', 'create.two-at-once', 'destroy.create-again', 'destroy.success', 'destroy.twice'],
      ...['destroy.with-job', 'hostile.no-app', 'multi-cluster.pool-only', 'parameters.poison', 'parameters.simple'],
      ...['unbind-app.other-app', 'unbind-app.success', 'unbind-app.twice', 'unbind-job.success', 'unbind-job.twice'],
      ...['update.empty', 'update.not-found', 'update.success'],
    ],
  },
];
