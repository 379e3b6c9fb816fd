import { createApp } from '../../../src/app.js';
import type { Service } from '../../../src/tsuru/service.js';
import type { TestRequest, TestResponse } from './requests.js';

/** Sends requests through the app without a socket. */
export async function injector(service: Service): Promise<(request: TestRequest) => Promise<TestResponse>> {
  const app = await createApp(service);
  return async ({ method, path, headers, body }) => {
    const response = await app.request(path, { method, headers, ...(body !== '' && { body }) });
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
  };
}
