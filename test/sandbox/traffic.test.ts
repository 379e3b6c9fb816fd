import { describe, expect, it } from 'vitest';

import { makeTraffic, type Exchanged } from '../../src/sandbox/traffic.ts';

function call(body: string): Omit<Exchanged, 'number'> {
  return {
    ...{ time: '2026-01-02T03:04:05Z', service: 'mydb', cause: undefined, failure: undefined, milliseconds: 1, reading: '', fault: undefined },
    request: { method: 'POST', url: 'http://127.0.0.1/resources', headers: {}, body },
    reply: { status: 200, headers: {}, body },
  };
}

const access = { address: new URL('http://127.0.0.1'), username: 'mydb', password: 'secret' };

describe('the calls that are kept', () => {
  it('have the password of the service in none of their texts', () => {
    const traffic = makeTraffic(1, () => undefined);
    const exchanged = { ...call('password=secret'), failure: 'secret: no such host', reading: `${'x'.repeat(1997)}secret` };
    traffic.add(exchanged, access);
    const [kept] = traffic.list();
    expect(kept?.reading).toMatch(/^x+\*{3}$/);
    expect(kept).toMatchObject({ request: { body: 'password=***' }, reply: { body: 'password=***' }, failure: '***: no such host' });
  });

  it('are the last ones, with numbers that go on', () => {
    const traffic = makeTraffic(2, () => undefined);
    for (let count = 0; count < 5; count++) traffic.add(call(''), access);
    expect(traffic.list().map(({ number }) => number)).toEqual([4, 5]);
  });

  it('are fewer where their bodies are long', () => {
    const traffic = makeTraffic(100, () => undefined);
    const body = 'x'.repeat(5 * 1_048_576);
    for (let count = 0; count < 10; count++) traffic.add(call(body), access);
    expect(traffic.list().map(({ number }) => number)).toEqual([8, 9, 10]);
    traffic.add(call(body.repeat(10)), access);
    expect(traffic.list()).toEqual([]);
    traffic.add(call(''), access);
    expect(traffic.list()).toHaveLength(1);
  });

  it('are fewer where their headers are long, too', () => {
    const traffic = makeTraffic(100, () => undefined);
    const headers = { 'x-long': 'x'.repeat(9 * 1_048_576) };
    for (let count = 0; count < 10; count++) traffic.add({ ...call(''), reply: { status: 200, headers, body: '' } }, access);
    expect(traffic.list()).toHaveLength(3);
  });
});
