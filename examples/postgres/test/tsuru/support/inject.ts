import type { FastifyInstance } from 'fastify';

import { createApp } from '../../../src/app.js';
import type { Service } from '../../../src/tsuru/service.js';
import type { TestRequest, TestResponse } from './requests.js';

/** Sends requests through the app without a socket. */
export async function injector(service: Service): Promise<(request: TestRequest) => Promise<TestResponse>> {
  const app: FastifyInstance = await createApp(service);
  return async ({ method, path, headers, body }) => {
    const response = await app.inject({ method, url: path, headers, ...(body !== '' && { payload: body }) });
    return { status: response.statusCode, headers: response.headers, body: response.body };
  };
}
