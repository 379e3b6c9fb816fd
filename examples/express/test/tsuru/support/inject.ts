import { duplexPair } from 'node:stream';

import { createApp } from '../../../src/app.js';
import { createHttpServer } from '../../../src/tsuru/http-server.js';
import type { Service } from '../../../src/tsuru/service.js';
import type { TestRequest, TestResponse } from './requests.js';
import { sendOver } from './socket.js';

/** Sends requests through the app without a socket: the server gets one end of an in-memory pipe. */
export async function injector(service: Service): Promise<(request: TestRequest) => Promise<TestResponse>> {
  const server = createHttpServer(service, await createApp(service));
  return (request) =>
    sendOver(() => {
      const [client, other] = duplexPair();
      server.emit('connection', other);
      return client;
    }, request);
}
