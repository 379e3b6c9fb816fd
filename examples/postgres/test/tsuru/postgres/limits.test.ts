import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { codeOf, connect, queryAs, testBackend, TestInstance } from '../support/postgres-backend.js';

const backend = testBackend();
afterAll(() => backend.close?.());

const TOO_MANY = '53300';
const TIMED_OUT = '57014';

describe('the limits of a plan', () => {
  let instance: TestInstance;
  beforeAll(async () => {
    instance = await new TestInstance(backend).create();
    return () => instance.destroy();
  });

  it('are the connections of each app, those of all apps, and the time of a statement; an update changes them', async () => {
    const [first, second] = [await instance.bind('app1'), await instance.bind('app2')];
    const open = await Promise.all([1, 2, 3].map(() => connect(first)));
    expect(await codeOf(connect(first))).toBe(TOO_MANY);
    open.push(await connect(second));
    expect(await codeOf(connect(second))).toBe(TOO_MANY);
    expect(await instance.info()).toContainEqual({ label: 'Connections', value: '4 of 4' });

    await instance.update('large');
    for (let more = 0; more < 3; more++) open.push(await connect(first));
    expect(await codeOf(connect(first))).toBe(TOO_MANY);
    open.push(await connect(second));
    expect(await codeOf(connect(second))).toBe(TOO_MANY);
    await Promise.all(open.map((client) => client.end()));
    expect(await codeOf(queryAs(first, 'SELECT pg_sleep(2)'))).toBe(TIMED_OUT);
    expect(await queryAs(await instance.bind('app3'), 'SHOW statement_timeout')).toEqual([
      { statement_timeout: '300ms' },
    ]);
  });

  it('are those of the defaults for a plan that is no longer in src/plans.ts', async () => {
    const other = new TestInstance(backend, 'db2');
    other.instance.plan = 'removed';
    await other.create();
    expect(await other.info()).toContainEqual({ label: 'Connections', value: '0 of 20' });
    await other.destroy();
  });
});
