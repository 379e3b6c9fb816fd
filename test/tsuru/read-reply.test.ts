import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { Calls, type Action, type Call } from '../../src/tsuru/calls.ts';
import { formParameters } from '../../src/tsuru/encoding.ts';
import type { Exchange, Reply } from '../../src/tsuru/http.ts';
import { readReply } from '../../src/tsuru/read-reply.ts';
import { recordings } from '../support/recorded.ts';

/** A reply that Tsuru's service client was given, and what it made of it. */
interface Recorded {
  action: Action;
  status: number;
  variant?: string;
  body: string;
  ok: boolean;
  value?: unknown;
  error?: string;
  sentinel?: string;
}

const recorded = JSON.parse(readFileSync(new URL('fixtures/responses.json', import.meta.url), 'utf8')) as Recorded[];

const calls = new Calls('form', { user: 'dev@example.com', id: '66d0c0ffee0123456789abcd' });
const fields = { team: 'team-a', plan: '', description: '', tags: [], parameters: {} };
const CALLS: Record<Action, Call> = {
  Plans: calls.plans(),
  Create: calls.create('db1', fields),
  Info: calls.info('db1'),
  Update: calls.update('db1', fields),
  Destroy: calls.destroy('db1'),
  BindApp: calls.bindApp('db1', 'app1'),
  BindJob: calls.bindJob('db1', 'job1'),
  UnbindApp: calls.unbindApp('db1', 'app1'),
  UnbindJob: calls.unbindJob('db1', 'job1'),
  Status: calls.status('db1'),
  Proxy: calls.proxied('GET', '/resources/db1/custom'),
};

function exchangeOf({ action, status, body, variant = '' }: Recorded): Exchange {
  const bytes = Buffer.from(status === 304 ? '' : body);
  const isCut = variant.includes('cut in half');
  const reply: Reply = {
    status,
    headers: {},
    body: isCut ? bytes.subarray(0, Math.floor(bytes.length / 2)) : bytes,
    complete: !isCut,
  };
  const failure = variant === 'connection refused' ? 'ECONNREFUSED' : status === 0 ? 'ECONNRESET' : undefined;
  return { request: CALLS[action].request, reply: status === 0 ? undefined : reply, failure, milliseconds: 1, hops: [] };
}

describe('the reading of a reply', () => {
  // The checks never follow a redirect, and Tsuru passes the replies to proxied requests on unread.
  const read = recorded.filter(({ variant = '', action }) => !variant.includes('Location') && action !== 'Proxy');

  it(`is that of Tsuru's own client, for ${read.length} recorded replies`, () => {
    expect(read.length).toBeGreaterThan(1250);
    const service = { id: 'svc', address: new URL('http://127.0.0.1:1') };
    for (const one of read) {
      const reading = readReply(CALLS[one.action], exchangeOf(one), service);
      const seen = reading.ok
        ? { ok: true, value: reading.value ?? null }
        : { ok: false, error: reading.error, sentinel: reading.sentinel };
      const wanted = one.ok
        ? { ok: true, value: one.value ?? null }
        : { ok: false, error: one.error?.replaceAll(':PORT', ':1'), sentinel: one.sentinel };
      expect({ ...one, seen }).toEqual({ ...one, seen: wanted });
    }
  });
});

describe('the reading of no reply', () => {
  it('names the host that there is not', () => {
    const exchange: Exchange = { request: CALLS.Plans.request, reply: undefined, failure: 'ENOTFOUND', milliseconds: 1, hops: [] };
    expect(readReply(CALLS.Plans, exchange, { id: 'svc', address: new URL('http://db.invalid:8080') })).toEqual({
      ok: false,
      error: 'Get "http://db.invalid:8080/resources/plans": dial tcp: lookup db.invalid: no such host',
    });
  });
});

describe('the reading of a body that was not read to its end', () => {
  const cut = { status: 200, headers: {}, body: Buffer.from('{"HOST":"10.0'), complete: false };
  const service = { id: 'svc', address: new URL('http://127.0.0.1:1') };
  const read = (action: Action, failure: string | undefined, reply: Reply) =>
    readReply(CALLS[action], { request: CALLS[action].request, reply, failure, milliseconds: 1, hops: [] }, service);

  it.each(['BindApp', 'Status'] as const)('says why, for %s', (action) => {
    expect(read(action, 'timeout', cut)).toEqual({
      ok: false,
      error: 'context deadline exceeded (Client.Timeout or context cancellation while reading body)',
    });
    expect(read(action, undefined, { ...cut, isTooLong: true })).toEqual({ ok: false, error: 'the body is longer than 1 MiB' });
    expect(read(action, undefined, cut)).toEqual({ ok: false, error: 'unexpected EOF' });
  });

  it('takes the variables that arrived whole, as Tsuru does', () => {
    expect(read('BindApp', 'timeout', { ...cut, body: Buffer.from('{"HOST":"10.0.0.1"}') })).toMatchObject({ ok: true });
  });
});

describe('a call', () => {
  const wanted = (id: string) => {
    const found = recordings.find((recording) => recording.id === id);
    if (found === undefined) throw new Error(`there is no recording ${id}`);
    return found;
  };
  const lower = (headers: Record<string, string | string[]>) =>
    Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value].flat().join(', ')]));

  it.each(['form', 'json'] as const)('is what Tsuru sends in %s, to the byte', (encoding) => {
    const of = new Calls(encoding, { user: 'dev@example.com', id: '66d0c0ffee0123456789abcd' });
    const tried: [string, Call][] = [
      ...(encoding === 'form' ? [['create-minimal', of.create('db1', fields)] as [string, Call]] : []),
      [
        'create-full',
        of.create('db1', {
          ...fields,
          plan: 'small',
          description: 'a database, with ünïcode & more',
          tags: ['tag 1', 'k=v&w'],
        }),
      ],
      ['update-empty', of.update('db1', fields)],
      [
        'update-full',
        of.update('db1', {
          ...{ team: 'team-a', plan: 'large', description: 'new description', tags: ['t1', 't2'] },
          parameters: { size: '20', opts: { 'a.b': 'c' } },
        }),
      ],
      [
        'bind-app-parameters',
        of.bindApp('db1', 'app-one', {
          hosts: ['app-one.example.com'],
          parameters: { readonly: true, off: false, nested: { k: 'v' }, n: 5, env_prefix: 'DB_' },
        }),
      ],
      ['bind-app-0-hosts', of.bindApp('db1', 'app-zero')],
      ['bind-job-minimal', of.bindJob('db1', 'job-one')],
      ['unbind-app-app-zero', of.unbindApp('db1', 'app-zero')],
      ['unbind-job', of.unbindJob('db1', 'job-one')],
      ['plans', of.plans()],
    ];
    for (const [id, { request }] of tried) {
      // A call without a body is the same in both.
      const { method, path, headers, body } = wanted(`${request.body === undefined ? 'form' : encoding}-${id}`);
      const { authorization: _authorization, ...others } = headers;
      expect({
        id,
        method: request.method,
        path: request.path,
        headers: lower(request.headers),
        body: request.body ?? '',
      }).toEqual({
        id,
        method,
        path,
        headers: others,
        body,
      });
    }
  });

  it('flattens parameters as Tsuru does', () => {
    expect(formParameters({ 'a.b': 'x', c: { d: ['e', { f: '' }] }, 'g\\h': [], i: {} })).toEqual([
      ['parameters.a\\.b', 'x'],
      ['parameters.c.d.0', 'e'],
      ['parameters.c.d.1.f', ''],
      ['parameters.g\\\\h', ''],
      ['parameters.i', ''],
    ]);
  });

  it("escapes the signs in a form that Go's encoder does", () => {
    const of = new Calls('form', { user: '', id: '' });
    expect(of.create('db1', { ...fields, description: "~*-._!'() é" }).request.body).toBe(
      'description=~%2A-._%21%27%28%29+%C3%A9&eventid=&name=db1&team=team-a&user=',
    );
  });
});
