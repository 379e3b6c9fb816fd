import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to a request: it is cut off before Tsuru gets it, or Tsuru's reply is. */
export type Cut = 'before' | 'after';

/** Passes requests to a Tsuru, and drops one of them. */
export interface CutProxy {
  address: string;
  /** The requests so far, such as `PUT /1.0/services/x`. */
  requests: string[];
  /** Requests that Tsuru has not replied to. */
  running: () => number;
  /** Cuts off the request with that number from now on, from 1. */
  cut: (number: number, when: Cut) => void;
  /** Is asked at each request, before Tsuru gets it and after it has replied. */
  at: (request: string, when: Cut) => Promise<void>;
  close: () => Promise<void>;
}

export async function startCutProxy(target: string): Promise<CutProxy> {
  let [left, when, running] = [Infinity, 'before' as Cut, 0];
  const proxy: CutProxy = {
    ...{ address: '', requests: [], running: () => running, at: () => Promise.resolve() },
    cut(number, at) {
      [left, when] = [number, at];
      proxy.requests = [];
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers, socket } = incoming;
    const name = `${method} ${url.replace(/\?.*/, '')}`;
    proxy.requests.push(name);
    const isCut = --left === 0;
    const drop = () => { socket.destroy(); };
    const pass = async () => {
      await proxy.at(name, 'before');
      if (isCut && when === 'before') {
        drop();
        return;
      }
      running++;
      const forwarded = send(target + url, { method, headers }, (reply) => {
        const chunks: Buffer[] = [];
        reply.on('data', (chunk: Buffer) => chunks.push(chunk));
        reply.on('end', () => {
          running--;
          void proxy.at(name, 'after').then(() => {
            if (isCut) {
              drop();
              return;
            }
            outgoing.writeHead(reply.statusCode ?? 0, reply.headers);
            outgoing.end(Buffer.concat(chunks));
          });
        });
      });
      forwarded.on('error', drop);
      incoming.pipe(forwarded);
    };
    void pass();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return proxy;
}
