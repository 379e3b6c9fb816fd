import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { messageOf, ServiceError } from '../../src/tsuru/errors.js';
import { startProcess } from './support/process.js';
import { AUTHORIZATION, call } from './support/requests.js';
import { testService } from './support/service.js';
import { exchange, listening, sendTo } from './support/socket.js';
import { storePlace, type StorePlace } from './support/store.js';

/** Milliseconds, for a machine under load. Work that is quadratic in the length of a text takes far longer. */
const BOUND = 20_000;

/** Looks like the start of a URL with a password, over and over. */
const URLS = '://x'.repeat(20_000);

const LONG = 'x'.repeat(50_000);

describe('the process of the service', () => {
  let place: StorePlace;
  let service: ReturnType<typeof startProcess>;
  let port: number;
  beforeAll(async () => {
    place = await storePlace();
    service = startProcess({
      ...place.environment,
      SERVICE_USERNAME: 'svc',
      SERVICE_PASSWORD: 'a password of the test',
    });
    port = Number(new URL(await service.address).port);
  }, 120_000);
  afterAll(async () => {
    service.child.kill('SIGKILL');
    await service.ended;
    await place.remove();
  });

  it.each([
    ['a path that cannot be decoded', `GET /%zz${'://'.repeat(40_000)}`, '', 400],
    ['a path of slashes and dots', `GET ${'/..'.repeat(40_000)}`, '', 400],
    ['a long query', `GET /resources/plans?${'://'.repeat(40_000)}`, '', 401],
    ['blanks in a password', 'GET /resources/plans', `Authorization: Basic ${' '.repeat(100_000)}x`, 401],
    ['blanks in a type', 'POST /resources', `Content-Type: a/b${' '.repeat(100_000)}x`, 401],
    ['blanks in a list', 'GET /resources/plans', `X-Tsuru-Cluster-Addresses: a${' '.repeat(100_000)}b`, 401],
    ['a long id', 'GET /resources/plans', `X-Request-ID: ${'a '.repeat(50_000)}`, 401],
    ['a host of colons', 'GET /resources/plans', `Host: ${':1'.repeat(50_000)}x`, 400],
  ])(
    'still replies to other requests after %s',
    async (_, line, header, status) => {
      const host = header.startsWith('Host') ? '' : 'Host: service\r\n';
      const attack = `${line} HTTP/1.1\r\n${host}Connection: close\r\n${header === '' ? '' : `${header}\r\n`}\r\n`;
      const attacks = [attack, attack, attack, attack].map((bytes) => exchange(port, bytes));
      const others = await sendTo(port, { method: 'GET', path: '/healthcheck', headers: {}, body: '' });
      expect(others.status).toBe(200);
      for (const reply of await Promise.all(attacks)) {
        expect(reply).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
        expect(reply.length).toBeLessThan(1000);
      }
    },
    BOUND,
  );
});

describe('a long text from outside', () => {
  it.each(['Error', 'text', 'cause'])(
    'costs no more than a short one, in a reply and in the log: %s',
    async (kind) => {
      const test = await testService();
      const text = `${URLS} ${' '.repeat(60_000)}`;
      test.backend.instead.create = () =>
        kind === 'cause'
          ? Promise.reject(new Error('it failed', { cause: new Error(text) }))
          : // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
            Promise.reject(kind === 'text' ? text : new Error(text));
      const reply = await test.call('POST', '/resources', { name: 'db1', team: 't' });
      expect(reply.status).toBe(500);
      expect(reply.body.length).toBeLessThan(2000);
      for (const line of test.log) expect(line.length).toBeLessThan(20_000);
    },
    BOUND,
  );

  it(
    'is not searched as a whole when a user sent it and a backend quotes it',
    async () => {
      const test = await testService();
      test.backend.instead.create = ({ parameters }) => Promise.reject(new Error(`no: ${JSON.stringify(parameters)}`));
      for (const name of ['db1', 'db2', 'db3', 'db4', 'db5', 'db6']) {
        const body = { name, team: 't', parameters: { a: '://'.repeat(20_000) } };
        expect(await test.call('POST', '/resources', body, 'json')).toMatchObject({ status: 500 });
      }
    },
    BOUND,
  );

  it(
    'is bounded in the addresses of a cluster',
    async () => {
      const test = await testService({ multiCluster: true });
      const server = await listening(test.service);
      const address = `a${' '.repeat(100_000)}b`;
      const { headers, ...request } = call('POST', '/resources', { name: 'db1', team: 't' });
      const pool = { 'x-tsuru-pool-name': 'p', 'x-tsuru-cluster-addresses': address };
      expect(await sendTo(server.port, { ...request, headers: { ...headers, ...pool } })).toMatchObject({
        status: 201,
      });
      await server.close();
    },
    BOUND,
  );

  it.each([
    ['is bounded in the message and in the other fields of an error', LONG, { long: LONG }, `${'x'.repeat(1024)}…`],
    ['is left out of an error when it cannot be written as JSON', 'no', { large: 1n }, 'no'],
  ])('%s', async (_, text, fields, message) => {
    const test = await testService();
    test.backend.instead.create = () => Promise.reject(new ServiceError(422, text, fields));
    const reply = await test.call('POST', '/resources', { name: 'db1', team: 't' });
    expect(JSON.parse(reply.body)).toEqual({ code: 422, message });
  });

  it('is bounded in the logged path and user', async () => {
    const test = await testService();
    const headers = { authorization: AUTHORIZATION, 'x-tsuru-user': LONG };
    await test.send({ method: 'DELETE', path: `/${LONG}`, headers, body: '' });
    expect(test.log.join('').length).toBeLessThan(2000);
  });
});

describe('the message of an error', () => {
  it.each([
    ['a password in a URL', 'no postgres://u:secret@host/db here', 'no postgres://***@host/db here'],
    ['a password with an @', 'postgres://u:sec@ret@host', 'postgres://***@host'],
    ['two URLs in one word', 'a://u:secret@h,b://u:secret@h', 'a://***@h'],
    ['a URL without a password', 'see https://example.com/a now', 'see https://example.com/a now'],
    ['several lines', ' a\n\n  b\t', 'a b'],
  ])('shows no password: %s', (_, text, expected) => {
    expect(messageOf(new Error(text))).toBe(expected);
  });

  it('shows no password of a truncated URL, wherever it is cut', () => {
    const url = 'postgres://user:SECRET@host/database';
    for (let before = 440; before < 520; before++) {
      const message = messageOf(new Error(`${'x'.repeat(before)} ${url}`));
      expect(message.length).toBeLessThan(530);
      if (before + 1 + url.length <= 512) expect(message).toContain('://***@host');
      expect(message).not.toMatch(/SEC/);
    }
  });

  it('exists for anything that is thrown', () => {
    expect(messageOf(undefined)).toBe('undefined');
    expect(messageOf(Object.create(null))).toBe('an error without a text');
  });
});
