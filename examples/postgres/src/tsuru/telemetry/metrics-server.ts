import { createServer } from 'node:http';

import { METRICS } from '../http.js';
import { listenOn, type Listening } from '../listener.js';
import type { Metrics } from './metrics.js';

/** Serves `GET /metrics` without a password. @throws Node's error, such as EADDRINUSE */
export function listenForScrapes(metrics: Metrics, at: { host: string; port: number }): Promise<Listening> {
  const server = createServer((request, response) => {
    const isScrape = request.method === 'GET' && request.url === METRICS;
    const reading = isScrape ? metrics.read() : Promise.resolve({ status: 404, headers: {}, body: undefined });
    reading.then(
      ({ status, headers, body }) => response.writeHead(status, headers).end(body),
      () => response.writeHead(500).end(),
    );
  });
  return listenOn(server, at);
}
