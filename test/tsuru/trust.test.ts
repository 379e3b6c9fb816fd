import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it, onTestFinished } from 'vitest';

import { Calls } from '../../src/tsuru/calls.ts';
import { curlFor } from '../../src/tsuru/curl.ts';
import { isNotHttp, isUntrusted } from '../../src/tsuru/failures.ts';
import { send, type Exchange } from '../../src/tsuru/http.ts';
import { sendFollowing } from '../../src/tsuru/redirects.ts';
import { readTrust, type Trust } from '../../src/tsuru/trust.ts';
import { rawServer } from './support/raw-server.ts';

const scratch = mkdtempSync(join(tmpdir(), 'trust-'));
const file = (name: string) => join(scratch, name);
const read = (name: string) => readFileSync(file(name), 'utf8');
const openssl = (...options: string[]) => execFileSync('openssl', options, { stdio: 'ignore' });

afterAll(() => {
  rmSync(scratch, { recursive: true });
});

/** Writes NAME.key and NAME.crt, signed by itself. */
function selfSigned(name: string, ...extensions: string[]): void {
  const files = ['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)];
  const added = extensions.flatMap((extension) => ['-addext', extension]);
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`, ...added, ...files);
}

/** Writes NAME.key and NAME.crt, signed by the authority. */
function signed(name: string, days: number): void {
  openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`, '-keyout', file(`${name}.key`), '-out', file(`${name}.csr`));
  writeFileSync(file('names'), 'subjectAltName=IP:127.0.0.1');
  const authority = ['-CA', file('authority.crt'), '-CAkey', file('authority.key'), '-CAcreateserial', '-extfile', file('names')];
  openssl('x509', '-req', '-days', String(days), '-in', file(`${name}.csr`), '-out', file(`${name}.crt`), ...authority);
}

selfSigned('own', 'subjectAltName=IP:127.0.0.1');
selfSigned('foreign', 'subjectAltName=DNS:svc.example.com');
selfSigned('authority');
signed('leaf', 2);
signed('expired', -1);

/** Serves /moved, and redirects anything else to the location. */
async function serve(name: string, chain: string[] = [], location = '/moved'): Promise<URL> {
  const server: Server = createServer(
    { key: read(`${name}.key`), cert: [name, ...chain].map((one) => read(`${one}.crt`)).join('') },
    ({ url }, response) => {
      if (url === '/moved') response.end('[]');
      else response.writeHead(307, { Location: location }).end();
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

function ask(address: URL, tls?: Trust): Promise<Exchange> {
  const request = { method: 'GET', path: '/moved', headers: { Connection: 'close' } };
  return send(address, request, { timeout: 30_000, signal: new AbortController().signal, ...(tls && { tls }) });
}

const CASES = [
  ['signed by itself', 'own', [], 'DEPTH_ZERO_SELF_SIGNED_CERT', 'own.crt'],
  ['of an unknown authority', 'leaf', [], 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'authority.crt'],
  ['of an unknown authority, sent along', 'leaf', ['authority'], 'SELF_SIGNED_CERT_IN_CHAIN', 'authority.crt'],
] as const;

describe.each(CASES)('a certificate %s', (_title, name, chain, failure, ca) => {
  it('is refused, and is known as not trusted', async () => {
    const exchange = await ask(await serve(name, [...chain]));
    expect([exchange.failure, isUntrusted(exchange), isNotHttp(exchange)]).toEqual([failure, true, false]);
  });

  it('is trusted with the file of its authority', async () => {
    expect(await ask(await serve(name, [...chain]), { ca: read(ca) })).toMatchObject({ reply: { status: 200 }, failure: undefined });
  });

  it('is refused with the file of another authority', async () => {
    expect((await ask(await serve(name, [...chain]), { ca: read('foreign.crt') })).failure).toBe(failure);
  });

  it('is taken when it does not matter', async () => {
    expect((await ask(await serve(name, [...chain]), { insecure: true })).reply?.status).toBe(200);
  });
});

it.each([
  ['of another host', 'foreign', 'foreign.crt', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ['that has expired', 'expired', 'authority.crt', 'CERT_HAS_EXPIRED'],
])('a certificate %s is refused even if its authority is trusted', async (_title, name, ca, failure) => {
  const address = await serve(name);
  const exchange = await ask(address, { ca: read(ca) });
  expect([exchange.failure, isUntrusted(exchange)]).toEqual([failure, true]);
  expect((await ask(address, { ca: read(ca), insecure: true })).reply?.status).toBe(200);
});

it('a redirect is followed with the same trust', async () => {
  const address = await serve('own');
  const request = { method: 'POST', path: '/', headers: {}, body: 'name=db1' };
  const options = { timeout: 30_000, signal: new AbortController().signal, tls: { ca: read('own.crt') } };
  expect(await sendFollowing(address, request, options)).toMatchObject({ reply: { status: 200 }, hops: [{ method: 'POST' }] });
});

it('a redirect that leaves TLS does not say where it came from', async () => {
  const requests: string[] = [];
  const plain = await rawServer((socket, text) => {
    requests.push(text);
    socket.end('HTTP/1.1 200 OK\r\n\r\n');
  });
  const address = await serve('own', [], plain.href);
  const request = { method: 'GET', path: '/', headers: { Authorization: 'Basic dTpw' } };
  await sendFollowing(address, request, { timeout: 30_000, signal: new AbortController().signal, tls: { insecure: true } });
  expect(requests).toEqual([expect.stringContaining('Authorization: Basic dTpw')]);
  expect(requests[0]).not.toContain('Referer');
});

it('an address without TLS is asked as ever', async () => {
  const address = await rawServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'));
  expect((await ask(address, { ca: read('own.crt') })).reply?.status).toBe(200);
});

describe('a file of authorities', () => {
  it('is read together with the one that the environment names', async () => {
    const trust = readTrust(file('foreign.crt'), { NODE_EXTRA_CA_CERTS: file('own.crt') });
    expect((await ask(await serve('own'), trust)).reply?.status).toBe(200);
  });

  it('is read without the one that the environment names, if there is none', async () => {
    const trust = readTrust(file('own.crt'), { NODE_EXTRA_CA_CERTS: file('none.crt') });
    expect((await ask(await serve('own'), trust)).reply?.status).toBe(200);
  });

  it('stands in the commands that repeat a call', () => {
    const service = { address: new URL('https://svc.example.com'), username: 'u', password: 'p' };
    const commandWith = (tls: Trust) => curlFor(new Calls('form', { user: '', id: '' }).plans(), { ...service, tls }, undefined);
    expect(commandWith(readTrust(file('own.crt'), {}))).toContain(` --cacert ${file('own.crt')} `);
    expect(commandWith({ insecure: true })).toContain(' --insecure ');
    expect(commandWith({})).not.toMatch(/--cacert|--insecure/);
  });

  it.each(['own.key', 'none.crt'])('%s is an error that names it', (name) => {
    expect(() => readTrust(file(name), {})).toThrow(file(name));
  });
});
