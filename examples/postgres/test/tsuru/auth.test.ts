import { describe, expect, it } from 'vitest';

import { AUTHORIZATION, call, type TestRequest } from './support/requests.js';
import { testService } from './support/service.js';

const everyRoute: TestRequest[] = [
  call('GET', '/resources/plans'),
  call('POST', '/resources', { name: 'db1', team: 't' }),
  call('GET', '/resources/db1'),
  call('PUT', '/resources/db1', { team: 't' }),
  call('DELETE', '/resources/db1', { user: '' }),
  call('GET', '/resources/db1/status'),
  call('POST', '/resources/db1/bind-app', { 'app-name': 'a' }),
  call('DELETE', '/resources/db1/bind-app', { 'app-name': 'a' }),
  call('PUT', '/resources/db1/binds/jobs/j', { 'job-name': 'j' }),
  call('DELETE', '/resources/db1/binds/jobs/j', { user: '' }),
  call('GET', '/resources/db1/mine'),
  call('GET', '/no/such/route'),
];

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('basic auth', () => {
  it.each(everyRoute)('is required for $method $path, and nothing happens without it', async (request) => {
    const endpoint = { method: 'GET' as const, path: '/mine', handle: () => ({ status: 200 }) };
    const test = await testService({ endpoints: [endpoint] });
    const reply = await test.send({ ...request, headers: { ...request.headers, authorization: basic('user:wrong') } });
    expect(reply.status).toBe(401);
    expect(reply.headers['www-authenticate']).toMatch(/^Basic /);
    expect(test.backend.asked).toEqual([]);
  });

  it.each([
    ['none', undefined],
    ['an empty one', ''],
    ['another scheme', 'Bearer dXNlcjpwYXNz'],
    ['the scheme alone', 'Basic'],
    ['no colon', basic('userpass')],
    ['an empty password', basic('user:')],
    ['an empty user', basic(':pass')],
    ['more behind the password', basic('user:pass ')],
    ['a wrong user', basic('User:pass')],
    ['what is not base64', 'Basic ????'],
    ['two credentials', `${AUTHORIZATION}, ${AUTHORIZATION}`],
  ])('refuses %s', async (_, authorization) => {
    const { send } = await testService();
    const { headers, ...request } = call('GET', '/resources/plans');
    const { authorization: _right, ...others } = headers;
    const reply = await send({
      ...request,
      headers: authorization === undefined ? others : { ...others, authorization },
    });
    expect(reply.status).toBe(401);
  });

  it('accepts a password with colons and any other characters', async () => {
    const { send } = await testService({ username: 'svc', password: 'a:b:ü☃' });
    const { headers, ...request } = call('GET', '/resources/plans');
    expect(await send({ ...request, headers: { ...headers, authorization: basic('svc:a:b:ü☃') } })).toMatchObject({
      status: 200,
    });
  });

  it.each(['old', 'a:b:ü☃', 'pass'])('accepts the old password %s as well, and no other', async (oldPassword) => {
    const { send } = await testService({ oldPassword });
    const { headers, ...request } = call('GET', '/resources/plans');
    const statusWith = async (password: string) =>
      (await send({ ...request, headers: { ...headers, authorization: basic(`user:${password}`) } })).status;
    expect(await Promise.all(['pass', oldPassword].map(statusWith))).toEqual([200, 200]);
    for (const wrong of ['', `${oldPassword} `, `pass${oldPassword}`]) expect(await statusWith(wrong)).toBe(401);
  });

  it('accepts no empty password while there is no old one', async () => {
    const { call: plain, send } = await testService({ oldPassword: '' });
    const { headers, ...request } = call('GET', '/resources/plans');
    expect((await send({ ...request, headers: { ...headers, authorization: basic('user:') } })).status).toBe(401);
    expect((await plain('GET', '/resources/plans')).status).toBe(200);
  });

  it('warns while an old password is accepted, without showing it', async () => {
    expect((await testService({ oldPassword: '' })).log).toEqual([]);
    const { log } = await testService({ oldPassword: 'hush' });
    expect(log.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ msg: expect.stringMatching(/^SERVICE_OLD_PASSWORD is still accepted/) as string }),
    ]);
    expect(log.join('')).not.toContain('hush');
  });

  it('needs a configured password', async () => {
    await expect(testService({ password: '' })).rejects.toThrow('needs a password');
  });

  it('is not required for the health check, which reveals nothing', async () => {
    const { send } = await testService();
    const reply = await send({ method: 'GET', path: '/healthcheck', headers: {}, body: '' });
    expect(reply).toMatchObject({ status: 200, body: '{"status":"WORKING"}' });
  });
});
