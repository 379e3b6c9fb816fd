import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';

let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await startSandbox({ team: 'team1' });
});

afterEach(() => sandbox.close());

/** Sends a request line as it is. @returns the status and the body */
async function ask(line: string, headers: string[] = [], body = ''): Promise<{ status: number; head: string; body: string }> {
  const { hostname, port } = new URL(sandbox.address);
  const socket = connect(Number(port), hostname);
  const lines = [`${line} HTTP/1.1`, 'Host: tsuru', `Authorization: bearer ${sandbox.token}`, 'Connection: close', ...headers];
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  const reply = await text(socket);
  const at = reply.indexOf('\r\n\r\n');
  return { status: Number(reply.slice(9, 12)), head: reply.slice(0, at), body: reply.slice(at + 4) };
}

describe('an address', () => {
  it.each([
    ['GET /1.0/services', 204],
    ['GET /services?', 204],
    ['GET http://tsuru/1.0/services', 204],
    ['GET /1.0/%73ervices', 204],
    ['GET /1.0/services/a%2Fdoc', 404],
    ['GET /1.1/services', 404],
    ['GET /1.0.0/services', 404],
    ['GET /1.0/services/', 404],
    ['GET //1.0/services', 404],
    ['HEAD /1.0/services', 404],
    ['GET /1.0/services/%ff', 404],
    ['GET /1.0/services/a%0Ab/authenticated-resources/x', 404],
  ])('is found as Tsuru finds it: %s %i', async (line, status) => {
    expect((await ask(line)).status).toBe(status);
  });

  it('that has an escape that is none is refused as Go does', async () => {
    const { status, head, body } = await ask('GET /1.0/%zz');
    expect([status, body]).toEqual([400, '400 Bad Request']);
    expect(head).not.toContain('Supported-Tsuru');
  });
});

describe('a body', () => {
  it('is not read for what the sandbox refuses, however long it is', async () => {
    const { status, body } = await ask('POST /1.0/apps/app1/deploy', ['Content-Length: 40000000'], 'a'.repeat(40_000_000));
    expect([status, body]).toEqual([501, expect.stringContaining('The sandbox has no deploys') as string]);
  });

  const TYPE = 'Content-Type: application/x-www-form-urlencoded';

  it('may come in chunks, and after the answer that it may come', async () => {
    const headers = [TYPE, 'Transfer-Encoding: chunked', 'Expect: 100-continue'];
    const { head, body } = await ask('POST /1.0/services', headers, '5\r\nid=db\r\n10\r\n&endpoint=h&team\r\n11\r\n=team1&password=p\r\n0\r\n\r\n');
    expect([head, body]).toEqual(['HTTP/1.1 100 Continue', expect.stringMatching(/^HTTP\/1\.1 201 /)]);
  });

  it('has the type that its beginning looks like', async () => {
    const create = 'id=db&endpoint=h&team=team1&password=p';
    await ask('POST /1.0/services', [TYPE, `Content-Length: ${create.length}`], create);
    const types: (string | undefined)[] = [];
    for (const doc of ['', 'text', '<h1>doc</h1>', '%PDF-1']) {
      const fields = new URLSearchParams({ doc }).toString();
      await ask('PUT /1.0/services/db/doc', [TYPE, `Content-Length: ${fields.length}`], fields);
      types.push(/^content-type: (.*)$/im.exec((await ask('GET /1.0/services/db/doc')).head)?.[1]);
    }
    expect(types).toEqual([undefined, 'text/plain; charset=utf-8', 'text/html; charset=utf-8', 'application/pdf']);
  });
});
