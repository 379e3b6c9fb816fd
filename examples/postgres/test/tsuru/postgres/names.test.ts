import { afterAll, describe, expect, it } from 'vitest';

import { namesOf, prefixOf, roleOf } from '../../../src/backends/postgres/names.js';
import { connect, objectsWith, queryAs, testBackend, TestInstance } from '../support/postgres-backend.js';

const HOSTILE = [
  `a"; DROP DATABASE postgres; --`,
  `a'; DROP ROLE postgres; --`,
  '$$; SELECT 1; $$',
  'a\\',
  'ação-ключ-鍵-😀',
  'x'.repeat(200),
  'a-b',
  'a_b',
  'A-B',
  'pg_a',
  '',
];

describe('the names of databases and roles', () => {
  it('never collide, and fit', () => {
    const instances = HOSTILE.map((name, index) => namesOf('a-service', { id: String(index), name }));
    const roles = instances.flatMap((data) =>
      HOSTILE.flatMap((name) => [roleOf(data, 'app', name), roleOf(data, 'job', name)]),
    );
    const names = [...instances.flatMap(({ database, owner }) => [database, owner]), ...roles];
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^tsuru_[a-z0-9_]{1,57}$/.test(name))).toEqual([]);
  });

  it('keep services apart whose names look alike', () => {
    expect(prefixOf('a-b')).not.toBe(prefixOf('a--b'));
    expect(prefixOf('a-long-service-1')).not.toBe(prefixOf('a-long-service-2'));
  });

  it('depend on the id of an instance, so that a new one of that name finds nothing of the old one', () => {
    expect(namesOf('s', { id: '1', name: 'db1' })).not.toEqual(namesOf('s', { id: '2', name: 'db1' }));
  });
});

describe('hostile names', () => {
  const backend = testBackend({ service: 'hostile' });
  afterAll(() => backend.close?.());

  it.each(HOSTILE)('of an instance and of its apps are harmless: %j', async (name) => {
    const instance = await new TestInstance(backend, name).create();
    const variables = await instance.bind(name);
    const job = await instance.bindJob(name);
    expect(await queryAs(variables, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await (await connect(job)).end();
    await instance.update('large');
    await instance.info();
    await instance.unbind(name);
    await instance.destroy();
    expect(await objectsWith(prefixOf('hostile'))).toEqual([]);
    expect(await objectsWith('postgres')).toEqual(['postgres', 'postgres']);
  });
});
