import { describe, expect, it } from 'vitest';

import { AUTHORIZATION, call, type TestRequest } from './support/requests.js';
import { testService, type TestService } from './support/service.js';

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

function post(contentType: string, body: string, path = '/resources'): TestRequest {
  return {
    method: 'POST',
    path,
    headers: { authorization: AUTHORIZATION, connection: 'close', 'content-type': contentType },
    body,
  };
}

/** Sends a request and checks that the reply is one readable line and that nothing happened. */
async function refused(test: TestService, request: TestRequest): Promise<{ code: number; message: string }> {
  const reply = await test.send(request);
  const body = JSON.parse(reply.body) as { code: number; message: string };
  expect(body).toEqual({ code: reply.status, message: expect.any(String) as string });
  expect(reply.body).not.toMatch(/\n|at .*\(|node_modules/);
  expect(test.backend.asked).toEqual([]);
  return body;
}

describe('a body that cannot be read', () => {
  it.each([
    ['broken JSON', post(JSON_TYPE, '{"name":'), 400, 'JSON'],
    ['a JSON list', post(JSON_TYPE, '[]'), 400, 'one JSON object'],
    ['JSON null', post(JSON_TYPE, 'null'), 400, 'one JSON object'],
    [
      'JSON that is nested too deep',
      post(JSON_TYPE, `{"parameters":${'{"a":'.repeat(100)}1${'}'.repeat(101)}`),
      400,
      'nested deeper',
    ],
    [
      'a form that is nested too deep',
      post(FORM, `name=db1&team=t&parameters.${'a.'.repeat(100)}a=1`),
      400,
      'nests deeper',
    ],
    ['broken percent-encoding', post(FORM, 'name=%zz&team=t'), 400, 'percent-encoded'],
    ['a form that is not UTF-8', post(FORM, 'name=%ff&team=t'), 400, 'UTF-8'],
    ['a field given twice', post(FORM, 'name=a1&name=b1&team=t'), 400, '"name"'],
    ['a parameter given twice', post(FORM, 'name=a1&team=t&parameters.a=1&parameters.a=2'), 400, '"a"'],
    [
      'a parameter that is a value and an object',
      post(FORM, 'name=a1&team=t&parameters.a=1&parameters.a.b=2'),
      400,
      '"a.b"',
    ],
    [
      'a parameter that is an object and a value',
      post(FORM, 'name=a1&team=t&parameters.a.b=1&parameters.a=2'),
      400,
      '"a"',
    ],
    ['another type', post('text/xml', '<name>db1</name>'), 415, 'application/json'],
    ['a NUL in a form', post(FORM, 'name=db1&team=t&description=a%00b'), 400, '"description"'],
    ['a NUL in JSON', post(JSON_TYPE, '{"name":"db1","team":"a\\u0000b"}'), 400, '"team"'],
    ['half a surrogate pair', post(JSON_TYPE, '{"name":"db1","team":"t","description":"\\ud800"}'), 400, '"description"'],
    ['no name', post(FORM, 'team=t'), 400, '"name" is missing'],
    ['no team', post(FORM, 'name=db1'), 400, '"team" is missing'],
    ['no body at all', post(FORM, ''), 400, '"name" is missing'],
    ['a number for the name', post(JSON_TYPE, '{"name":5,"team":"t"}'), 400, '"name" must be a string'],
    ['a string for the tags', post(JSON_TYPE, '{"name":"db1","team":"t","tags":"x"}'), 400, '"tags" must be a list'],
    ['numbers in the tags', post(JSON_TYPE, '{"name":"db1","team":"t","tags":[1]}'), 400, '"tags" must be a list'],
    [
      'a list for the parameters',
      post(JSON_TYPE, '{"name":"db1","team":"t","parameters":[]}'),
      400,
      '"parameters" must be an object',
    ],
    ['a body above the limit', post(JSON_TYPE, `"${'x'.repeat(200_000)}"`), 413, 'larger'],
  ])('%s', async (_, request, status, message) => {
    const test = await testService();
    const body = await refused(test, request);
    expect(body.code).toBe(status);
    expect(body.message).toContain(message);
  });

  it('is refused when it is compressed', async () => {
    const test = await testService();
    const { headers, ...request } = post(JSON_TYPE, '{}');
    expect(await refused(test, { ...request, headers: { ...headers, 'content-encoding': 'gzip' } })).toMatchObject({
      code: 415,
    });
  });
});

describe('a number in JSON that JavaScript would round', () => {
  it.each([
    ['{"size":9007199254740993}', 'parameters.size'],
    ['{"size":-9007199254740993}', 'parameters.size'],
    ['{"sizes":[1,12345678901234567890]}', 'parameters.sizes.1'],
    ['{"a.b":{"c":1e400}}', 'parameters.a.b.c'],
    ['{"size":9007199254740992}', 'parameters.size'],
  ])('is refused with its name: %s', async (parameters, field) => {
    const test = await testService();
    const { message, code } = await refused(
      test,
      post(JSON_TYPE, `{"name":"db1","team":"t","parameters":${parameters}}`),
    );
    expect(code).toBe(400);
    expect(message).toContain(`"${field}" has a number that is too large`);
  });

  it('is accepted when it is exact, or not a number', async () => {
    const test = await testService();
    const parameters = '{"a":9007199254740991,"b":-9007199254740991,"c":0.1,"d":"9007199254740993","e":1e3}';
    expect(await test.send(post(JSON_TYPE, `{"name":"db1","team":"t","parameters":${parameters}}`))).toMatchObject({
      status: 201,
    });
    expect({ ...test.backend.asked[0]?.request.parameters }).toEqual({
      ...{ a: 9007199254740991, b: -9007199254740991, c: 0.1, d: '9007199254740993', e: 1000 },
    });
  });
});

describe('fields', () => {
  it.each(['form', 'json'] as const)('that are unknown are ignored, in %s', async (encoding) => {
    const test = await testService();
    const reply = await test.call(
      'POST',
      '/resources',
      { name: 'db1', team: 't', 'new-field': 'x', constructor: 'y' },
      encoding,
    );
    expect(reply.status).toBe(201);
  });

  it('may be null in JSON, which means empty', async () => {
    const test = await testService();
    const body = '{"name":"db1","team":"t","tags":null,"plan":null,"description":null,"parameters":null}';
    expect(await test.send(post(JSON_TYPE, body))).toMatchObject({ status: 201 });
  });

  it('are accepted in either encoding, with any charset', async () => {
    const test = await testService();
    expect(await test.send(post(`${JSON_TYPE}; charset=utf-8`, '{"name":"db1","team":"t"}'))).toMatchObject({
      status: 201,
    });
    expect(await test.send(post(`${FORM}; charset=utf-8`, 'name=db2&team=t'))).toMatchObject({ status: 201 });
  });
});

describe('names', () => {
  it.each(['plans', 'a', '1a', '-a', 'a b', 'a.b', 'a/b', 'é1', '', '../a'])(
    'refuses an instance named "%s"',
    async (name) => {
      const test = await testService();
      expect(await refused(test, post(JSON_TYPE, JSON.stringify({ name, team: 't' })))).toMatchObject({ code: 400 });
    },
  );

  it.each(['constructor', 'toString', 'hasOwnProperty', 'A1', 'x-', 'Z__', 'a'.repeat(200)])(
    'accepts an instance named "%s"',
    async (name) => {
      const test = await testService();
      expect(await test.call('GET', `/resources/${name}`)).toMatchObject({ status: 404 });
      expect(await test.call('POST', '/resources', { name, team: 't' })).toMatchObject({ status: 201 });
      expect(await test.call('GET', `/resources/${name}/status`)).toMatchObject({ status: 204 });
    },
  );

  it('distinguishes upper and lower case', async () => {
    const test = await testService();
    await test.call('POST', '/resources', { name: 'db1', team: 't' });
    expect(await test.call('GET', '/resources/DB1')).toMatchObject({ status: 404 });
  });

  it.each(['', ' ', 'a b', '../x', 'a\u0000', 'x'.repeat(300), '-a'])(
    'refuses to bind an app named "%s"',
    async (name) => {
      const test = await testService();
      await test.call('POST', '/resources', { name: 'db1', team: 't' });
      expect(await test.call('POST', '/resources/db1/bind-app', { appName: name }, 'json')).toMatchObject({
        status: 400,
      });
    },
  );

  it('refuses a job whose path and body disagree', async () => {
    const test = await testService();
    await test.call('POST', '/resources', { name: 'db1', team: 't' });
    expect(await test.call('PUT', '/resources/db1/binds/jobs/one', { 'job-name': 'two' })).toMatchObject({
      status: 400,
    });
  });

  it('lists the plans when an unknown one is requested', async () => {
    const test = await testService();
    const body = await refused(test, call('POST', '/resources', { name: 'db1', team: 't', plan: 'huge' }));
    expect(body).toEqual({ code: 400, message: 'There is no plan "huge". The plans are: small, large.' });
  });
});
