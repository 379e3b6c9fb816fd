import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ownRoutes } from './support/own-routes.js';
import { AUTHORIZATION } from './support/requests.js';
import { testService, type TestService } from './support/service.js';
import { listening, sendTo, type Listening } from './support/socket.js';

/** Routes that the owner of the project adds in src/app.ts. */
describe('a route of the owner', () => {
  let test: TestService;
  let server: Listening;
  beforeEach(async () => {
    test = await testService();
    server = await listening(test.service, ownRoutes);
  });
  afterEach(async () => {
    await server.close();
  });

  const get = (path: string, authorization?: string) =>
    sendTo(server.port, {
      method: 'GET',
      path,
      headers: authorization === undefined ? {} : { authorization },
      body: '',
    });

  it('requires the password', async () => {
    for (const authorization of [undefined, 'Basic eDp5']) {
      expect(await get('/guarded', authorization)).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': 'Basic realm="service API", charset="UTF-8"' },
        body: '{"code":401,"message":"Wrong or missing user name or password for this service API."}',
      });
    }
    expect(await get('/guarded', AUTHORIZATION)).toMatchObject({ status: 200, body: 'guarded' });
  });

  it('needs no password when it is declared open', async () => {
    expect(await get('/open')).toMatchObject({ status: 200, body: 'open' });
  });

  it.each([
    '/open/',
    '/Open',
    '/open/x',
    '//open',
    '/open/../guarded',
    '/open%2f..%2fguarded',
    '/guarded?/open',
    '/guarded#/open',
  ])('opens no other path: %s', async (path) => {
    expect([400, 401]).toContain((await get(path)).status);
  });

  it.each(['/failing', '/failing-open'])('is a 500 without details when it throws, and the error is logged: %s', async (path) => {
    expect(await get(path, AUTHORIZATION)).toMatchObject({
      status: 500,
      body: '{"code":500,"message":"The service API failed unexpectedly; its log says why."}',
    });
    expect(test.log.join('')).toContain('the vendor says no');
  });

  it('does not affect the routes of Tsuru', async () => {
    expect(await get('/resources/plans')).toMatchObject({ status: 401 });
    expect(await get('/resources/plans', AUTHORIZATION)).toMatchObject({ status: 200 });
    expect(await get('/healthcheck')).toMatchObject({ status: 200 });
  });
});
