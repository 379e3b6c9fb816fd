import { describe, expect, it } from 'vitest';

import { isNotHttp, isUntrusted } from '../../src/tsuru/failures.ts';
import { send, type SendOptions } from '../../src/tsuru/http.ts';
import { rawServer, writeForEver } from './support/raw-server.ts';

const MIB = 1_048_576;
const REQUEST = { method: 'GET', path: '/resources/plans', headers: { Connection: 'close' } };
const options = (timeout = 30_000): SendOptions => ({ timeout, signal: new AbortController().signal });
const HEAD = 'HTTP/1.1 200 OK\r\nConnection: close\r\n';

describe('a body', () => {
  it('without an end is cut at 1 MiB, and its connection is closed', async () => {
    let closed: Promise<unknown> | undefined;
    const address = await rawServer((socket) => {
      closed = new Promise((resolve) => socket.on('close', resolve));
      socket.write(`${HEAD}\r\n`);
      writeForEver(socket, 'x'.repeat(65_000));
    });
    const { reply, failure } = await send(address, REQUEST, options());
    await closed;
    expect(failure).toBeUndefined();
    expect(reply).toMatchObject({ status: 200, complete: false, isTooLong: true });
    expect(reply?.body.length).toBe(MIB);
  });

  it('of 1 MiB is kept whole', async () => {
    const address = await rawServer((socket) => socket.end(`${HEAD}Content-Length: ${MIB}\r\n\r\n${'x'.repeat(MIB)}`));
    const { reply } = await send(address, REQUEST, options());
    expect([reply?.complete, reply?.isTooLong, reply?.body.length]).toEqual([true, undefined, MIB]);
  });

  it('of 1 MiB and one byte is too long', async () => {
    const address = await rawServer((socket) => socket.end(`${HEAD}Content-Length: ${MIB + 1}\r\n\r\n${'x'.repeat(MIB + 1)}`));
    const { reply } = await send(address, REQUEST, options());
    expect([reply?.complete, reply?.isTooLong, reply?.body.length]).toEqual([false, true, MIB]);
  });

  it('that stops before its end is ended by the timeout, and what arrived is kept', async () => {
    const address = await rawServer((socket) => socket.write(`${HEAD}Content-Length: 10\r\n\r\nhalf`));
    const { reply, failure } = await send(address, REQUEST, options(300));
    expect(failure).toBe('timeout');
    expect([reply?.complete, reply?.isTooLong, reply?.body.toString()]).toEqual([false, undefined, 'half']);
  });

  it('whose connection breaks keeps what arrived', async () => {
    const address = await rawServer((socket) => socket.end(`${HEAD}Content-Length: 10\r\n\r\nhalf`));
    const { reply, failure } = await send(address, REQUEST, options());
    expect([failure, reply?.complete, reply?.body.toString()]).toEqual([undefined, false, 'half']);
  });
});

describe('headers', () => {
  it.each([
    ['one without an end', `${HEAD}X-Long: `, 'x'.repeat(65_000)],
    ['many without an end', HEAD, 'X-Many: value\r\n'.repeat(4000)],
    ['of informational replies without an end', '', `HTTP/1.1 103 Early Hints\r\nLink: </${'x'.repeat(1000)}>\r\n\r\n`.repeat(50)],
  ])('%s: the failure says so', async (_title, start, text) => {
    const address = await rawServer((socket) => {
      socket.write(start);
      writeForEver(socket, text);
    });
    const exchange = await send(address, REQUEST, options());
    expect([exchange.failure, exchange.reply]).toEqual(['HPE_HEADER_OVERFLOW', undefined]);
    expect([isNotHttp(exchange), isUntrusted(exchange)]).toEqual([false, false]);
  });

  it('that stop before their end are ended by the timeout', async () => {
    const address = await rawServer((socket) => socket.write(`${HEAD}X-Half`));
    const { reply, failure } = await send(address, REQUEST, options(300));
    expect([reply, failure]).toEqual([undefined, 'timeout']);
  });

  it('of 1 MiB are read, as Go does', async () => {
    const address = await rawServer((socket) => socket.end(`${HEAD}X-Long: ${'x'.repeat(MIB)}\r\n\r\n`));
    const { reply } = await send(address, REQUEST, options());
    expect([reply?.status, reply?.headers['x-long']?.length]).toEqual([200, MIB]);
  });

  it('of more informational replies than five are passed over, as Go does', async () => {
    const address = await rawServer((socket) => socket.end(`${'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(20)}${HEAD}\r\n`));
    expect((await send(address, REQUEST, options())).reply?.status).toBe(200);
  });
});

it('a path that cannot be sent is a failure, not an exception', async () => {
  const address = await rawServer((socket) => socket.end());
  const exchange = await send(address, { ...REQUEST, path: '/a b' }, options());
  expect([exchange.failure, exchange.reply]).toEqual(['ERR_UNESCAPED_CHARACTERS', undefined]);
});

it('what is not HTTP is known as such', async () => {
  const address = await rawServer((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'));
  const exchange = await send(address, REQUEST, options());
  expect([isNotHttp(exchange), isUntrusted(exchange)]).toEqual([true, false]);
});

it('plain HTTP at an address of https: is known as such', async () => {
  const address = await rawServer((socket) => socket.end(`${HEAD}\r\n`));
  const exchange = await send(new URL(address.href.replace('http:', 'https:')), REQUEST, options());
  expect([isNotHttp(exchange), isUntrusted(exchange)]).toEqual([true, false]);
});
