import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

import type { AnyBackend, Backend, Request } from '../../src/tsuru/backend.js';
import type { JsonObject } from '../../src/tsuru/values.js';
import { testService } from './support/service.js';
import { writable } from './support/stored.js';

interface Data {
  database: string;
  made: Date;
}

const MADE = '2026-01-02T03:04:05.000Z';

/** A backend with typed data; it records the data that each call received. */
function typedBackend() {
  const given: [call: string, data: unknown][] = [];
  const note = (call: string) => async (request: { instance: { data: Data | undefined } }) => {
    given.push([call, request.instance.data]);
  };
  const backend: Backend<Data> = {
    data: z.object({ database: z.string(), made: z.coerce.date() }),
    async create(request) {
      await note('create')(request);
      return { database: `of_${request.instance.name}`, made: new Date(MADE) };
    },
    update: note('update'),
    destroy: note('destroy'),
    bindApp: async (request) => {
      await note('bindApp')(request);
      return { DATABASE: request.instance.data.database };
    },
    unbindApp: note('unbindApp'),
    bindJob: async ({ instance }) => ({ DATABASE: instance.data.database }),
    unbindJob: note('unbindJob'),
    info: async ({ instance }) => [{ label: 'Year', value: String(instance.data.made.getUTCFullYear()) }],
  };
  return { backend, given };
}

const NEW = { name: 'db1', team: 't' };
const APP = { 'app-name': 'a1' };

async function created() {
  const { backend, given } = typedBackend();
  const test = await testService({ backend });
  expect(await test.call('POST', '/resources', NEW)).toMatchObject({ status: 201 });
  return { ...test, given };
}

/** Replaces the stored data of the instance. */
async function storeData({ store }: Awaited<ReturnType<typeof created>>, data: JsonObject) {
  const instance = await store.find('db1');
  if (instance === undefined) throw new Error('there is no instance');
  await (await writable(store)).save({ ...instance, data });
}

describe('data with a schema', () => {
  it('is undefined in the first create, and parsed by the schema in every later call', async () => {
    const test = await created();
    expect(await test.call('POST', '/resources/db1/bind-app', APP)).toMatchObject({
      status: 201,
      body: '{"DATABASE":"of_db1"}',
    });
    await test.call('PUT', '/resources/db1', { team: 't' });
    expect((await test.call('GET', '/resources/db1')).body).toContain('{"label":"Year","value":"2026"}');
    await test.call('DELETE', '/resources/db1/bind-app', APP);
    await test.call('DELETE', '/resources/db1');
    const data: Data = { database: 'of_db1', made: new Date(MADE) };
    expect(test.given).toEqual([
      ['create', undefined],
      ['bindApp', data],
      ['update', data],
      ['unbindApp', data],
      ['destroy', data],
    ]);
  });

  it('fails the create when the backend returns other data, and says which field is wrong', async () => {
    const { backend } = typedBackend();
    const create = async () => ({ database: 'x' }) as Data;
    const test = await testService({ backend: { ...backend, create } });
    const reply = await test.call('POST', '/resources', NEW);
    expect(reply.status).toBe(500);
    expect(reply.body).toContain('\\"made\\":');
    expect((await test.store.find('db1'))?.state).toBe('failed');
  });

  it('that does not match refuses everything but a removal, and the log names the field', async () => {
    const test = await created();
    await test.call('POST', '/resources/db1/bind-app', APP);
    await storeData(test, { database: ['a-name-to-hide'], made: MADE });
    test.given.length = 0;

    const refusals = [
      await test.call('PUT', '/resources/db1', { team: 't' }),
      await test.call('POST', '/resources/db1/bind-app', { 'app-name': 'a2' }),
      await test.call('DELETE', '/resources/db1/bind-app', APP),
      await test.call('PUT', '/resources/db1/binds/jobs/j1', { 'job-name': 'j1' }),
      await test.call('POST', '/resources', NEW),
    ];
    for (const { status, body } of refusals) {
      expect(status).toBe(500);
      expect(body).toContain('cannot read the data of the instance \\"db1\\". It can only be removed.');
    }
    expect(await test.call('GET', '/resources/db1/status')).toMatchObject({ status: 500, body: '{"status":"down"}' });
    expect((await test.call('GET', '/resources/db1')).body).toContain('damaged: the store cannot read its data');
    expect(test.log.join('')).toContain('\\"database\\": Invalid input');
    expect(test.log.join('')).not.toContain('a-name-to-hide');

    expect(await test.call('DELETE', '/resources/db1')).toMatchObject({ status: 200 });
    expect(test.given).toEqual([['destroy', undefined]]);
    expect(test.log.join('')).toContain('skipped an unbind');
    expect(await test.store.find('db1')).toBeUndefined();
  });

  it('that a transform of the schema refuses with an error can still be removed', async () => {
    const { backend } = typedBackend();
    let isBroken = false;
    const data = z.object({ database: z.string(), made: z.coerce.date() }).transform((value): Data => {
      if (isBroken) throw new Error('the schema is broken');
      return value;
    });
    const test = await testService({ backend: { ...backend, data } });
    await test.call('POST', '/resources', NEW);
    isBroken = true;
    expect(await test.call('PUT', '/resources/db1', { team: 't' })).toMatchObject({ status: 500 });
    expect(await test.call('DELETE', '/resources/db1')).toMatchObject({ status: 200 });
  });
});

describe('data without a schema', () => {
  it('is a JSON object in every call, and empty in the first create', async () => {
    expectTypeOf<Parameters<Backend['create']>[0]>().toEqualTypeOf<Request>();
    expectTypeOf<Parameters<Backend['destroy']>[0]>().toEqualTypeOf<Request>();
    expectTypeOf<Backend>().toExtend<AnyBackend>();
    const test = await testService();
    await test.call('POST', '/resources', NEW);
    await test.call('DELETE', '/resources/db1');
    expect(test.backend.asked.map(({ request }) => request.instance.data)).toEqual([{}, { made: 'db1' }]);
  });
});
