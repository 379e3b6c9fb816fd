import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

import type { createBackend } from '../../src/backend.js';
import { endpoint, serviceEndpoint, type AnyEndpoint } from '../../src/tsuru/endpoint.js';
import { call } from './support/requests.js';
import { TestBackend, testService } from './support/service.js';
import { writable } from './support/stored.js';

async function serviceWith(one: AnyEndpoint) {
  const test = await testService({ endpoints: [one] });
  await test.call('POST', '/resources', { name: 'db1', team: 't' });
  return test;
}

describe('an endpoint with schemas', () => {
  const handle = endpoint(
    {
      params: z.object({ id: z.coerce.number() }),
      query: z.object({ tag: z.preprocess((value) => [value].flat(), z.array(z.string())) }),
      body: z.object({ keep: z.coerce.boolean(), sizes: z.array(z.string()).optional() }),
      response: z.object({ text: z.string() }),
    },
    ({ params, query, body, instance }) => {
      expectTypeOf(params.id).toEqualTypeOf<number>();
      expectTypeOf(query.tag).toEqualTypeOf<string[]>();
      expectTypeOf(body.keep).toEqualTypeOf<boolean>();
      return { status: 200, body: { text: JSON.stringify([instance.name, params.id, query.tag, body]) } };
    },
  );
  const backups: AnyEndpoint = { method: 'POST', path: '/backups/:id', handle };

  it('receives the output of the schemas, from JSON or a form', async () => {
    const test = await serviceWith(backups);
    const json = await test.call('POST', '/resources/db1/backups/7?tag=a&tag=b', { keep: 1 }, 'json');
    expect(json).toMatchObject({ status: 200 });
    expect(JSON.parse(json.body)).toEqual({ text: '["db1",7,["a","b"],{"keep":true}]' });
    const form = await test.call('POST', '/resources/db1/backups/7?tag=a', { keep: 'x', sizes: ['1', '2'] });
    expect(JSON.parse(form.body)).toEqual({ text: '["db1",7,["a"],{"keep":true,"sizes":["1","2"]}]' });
  });

  it.each([
    ['path', '/resources/db1/backups/x?tag=a', {}, 'The path is not valid. \\"id\\": '],
    ['query', '/resources/db1/backups/7', {}, 'The query is not valid. \\"tag.0\\": '],
    ['body', '/resources/db1/backups/7?tag=a', { keep: 1, sizes: [1] }, 'The body is not valid. \\"sizes.0\\": '],
  ])('is a 400 that names the field of the %s', async (_, path, body, text) => {
    const test = await serviceWith(backups);
    const reply = await test.call('POST', path, body, 'json');
    expect(reply.status).toBe(400);
    expect(reply.body).toContain(text);
  });
});

describe('the body of an endpoint', () => {
  const seen = (read: (body: Parameters<Parameters<typeof serviceEndpoint<object>>[1]>[0]['body']) => unknown) =>
    serviceWith({ method: 'POST', path: '/x', handle: endpoint({}, ({ body }) => ({ status: 200, body: read(body) })) });

  it('is JSON that a schema has checked', async () => {
    const test = await seen((body) => body.json(z.object({ size: z.int() })).size);
    expect(await test.call('POST', '/resources/db1/x', { size: 3 }, 'json')).toMatchObject({ status: 200, body: '3' });
    const refused = await test.call('POST', '/resources/db1/x', { size: 'hush' }, 'json');
    expect(refused.status).toBe(400);
    expect(refused.body).toContain('\\"size\\"');
    expect(refused.body).not.toContain('hush');
  });

  it('is a form, whose repeated fields are lists', async () => {
    const plain = await seen((body) => body.form());
    const form = { a: '1', b: ['2', '3'], __proto__x: 'y' };
    expect(JSON.parse((await plain.call('POST', '/resources/db1/x', form)).body)).toEqual(form);
    const test = await seen((body) => body.form(z.object({ b: z.array(z.string()) })).b);
    expect((await test.call('POST', '/resources/db1/x', form)).body).toBe('["2","3"]');
    expect(await test.call('POST', '/resources/db1/x', { b: '2' })).toMatchObject({ status: 400 });
  });

  it('is a 400 as a form that is not percent-encoded UTF-8', async () => {
    const test = await seen((body) => body.form());
    expect(await test.send({ ...call('POST', '/resources/db1/x', {}), body: 'a=%ff' })).toMatchObject({ status: 400 });
  });
});

describe('the backend and the data of an instance', () => {
  it('reach an endpoint with the types of src/backend.ts', async () => {
    const handle = endpoint({}, ({ backend }) => {
      expectTypeOf(backend).toEqualTypeOf<ReturnType<typeof createBackend>>();
      const received: unknown = backend;
      return { status: 200, body: received instanceof TestBackend };
    });
    const test = await serviceWith({ method: 'GET', path: '/x', handle });
    expect(await test.call('GET', '/resources/db1/x')).toMatchObject({ status: 200, body: 'true' });
  });

  it('are parsed by the schema of the backend, and unreadable data is refused', async () => {
    const backend = Object.assign(new TestBackend(), {
      data: z.object({ made: z.string().transform((name) => `parsed ${name}`) }),
    });
    const handle = endpoint({}, ({ instance }) => ({ status: 200, body: instance.data }));
    const test = await testService({ backend, endpoints: [{ method: 'GET', path: '/x', handle }] });
    await test.call('POST', '/resources', { name: 'db1', team: 't' });
    expect(await test.call('GET', '/resources/db1/x')).toMatchObject({ status: 200, body: '{"made":"parsed db1"}' });
    const instance = await test.store.find('db1');
    if (instance) await (await writable(test.store)).save({ ...instance, data: { made: 1 } });
    expect(await test.call('GET', '/resources/db1/x')).toMatchObject({ status: 500 });
  });

  it('are missing while the instance has none', async () => {
    const backend = Object.assign(new TestBackend(), { data: z.object({ made: z.string() }) });
    backend.instead.create = () => Promise.reject(new Error('no room'));
    const handle = endpoint({}, ({ instance, state }) => ({ status: 200, body: [state, instance.data === undefined] }));
    const test = await testService({ backend, endpoints: [{ method: 'GET', path: '/x', handle }] });
    await test.call('POST', '/resources', { name: 'db1', team: 't' });
    expect(await test.call('GET', '/resources/db1/x')).toMatchObject({ status: 200, body: '["failed",true]' });
  });
});
