import { describe, expect, it } from 'vitest';

import { makeMux } from '../../src/sandbox/permissions/mux.ts';

function muxOf(...patterns: string[]) {
  const mux = makeMux('service.go:1');
  for (const pattern of patterns) mux.add(pattern);
  return mux;
}

/** What Go 1.26 says to the last of some patterns. */
const REFUSED: [string[], string][] = [
  [['GET /x/{id'], `parsing "GET /x/{id": at offset 7: bad wildcard segment (must end with '}')`],
  [['GET /x/a{id}'], `parsing "GET /x/a{id}": at offset 7: bad wildcard segment (must start with '{')`],
  [['GET /ü/{id}/{id}'], 'parsing "GET /ü/{id}/{id}": at offset 13: duplicate wildcard name "id"'],
  [['GET /{a-b}'], 'parsing "GET /{a-b}": at offset 5: bad wildcard name "a-b"'],
  [['GET /{}'], 'parsing "GET /{}": at offset 5: empty wildcard'],
  [['GET /{$}/x'], 'parsing "GET /{$}/x": at offset 5: {$} not at end'],
  [['GET /{all...}/x'], 'parsing "GET /{all...}/x": at offset 5: {...} wildcard not at end'],
  [['GET /a//b'], 'parsing "GET /a//b": at offset 4: non-CONNECT pattern with unclean path can never match'],
  [
    ['GET /a/{x}', 'GET /a/{y}'],
    'pattern "GET /a/{y}" (registered at service.go:1) conflicts with pattern "GET /a/{x}" (registered at service.go:1):\nGET /a/{y} matches the same requests as GET /a/{x}',
  ],
  [
    ['GET /a/{x}', 'GET /{y}/b'],
    'pattern "GET /{y}/b" (registered at service.go:1) conflicts with pattern "GET /a/{x}" (registered at service.go:1):\n' +
      'GET /{y}/b and GET /a/{x} both match some paths, like "/a/b".\nBut neither is more specific than the other.\n' +
      'GET /{y}/b matches "/y/b", but GET /a/{x} doesn\'t.\nGET /a/{x} matches "/a/x", but GET /{y}/b doesn\'t.',
  ],
  [
    ['GET /a/b', 'HEAD /a/{x}'],
    'pattern "HEAD /a/{x}" (registered at service.go:1) conflicts with pattern "GET /a/b" (registered at service.go:1):\n' +
      'HEAD /a/{x} matches fewer methods than GET /a/b, but has a more general path pattern',
  ],
];

describe('a pattern', () => {
  it.each(REFUSED)('is refused in the words of Go: %j', (patterns, message) => {
    const mux = muxOf(...patterns.slice(0, -1));
    expect(() => { mux.add(patterns.at(-1) ?? ''); }).toThrow(new Error(message));
  });
});

describe('a request', () => {
  const mux = muxOf('GET /', 'GET /a/{x}', 'GET /a/b', 'GET /a/{x}/{$}', 'GET /files/{path...}', 'GET /tree/', 'POST /a/b', 'GET /a b');

  it.each([
    ['/a/b', 'GET /a/b'],
    ['/a/c', 'GET /a/{x}'],
    ['/a/%62', 'GET /a/b'],
    ['/a/b%2Fc', 'GET /a/{x}'],
    ['/a/c/', 'GET /a/{x}/{$}'],
    ['/a/c/d', 'GET /'],
    ['/files/x/y', 'GET /files/{path...}'],
    ['/tree', 'GET /tree/'],
    ['/x/../a//b', 'GET /a/b'],
    ['/a%20b', 'GET /a b'],
  ])('finds the narrowest pattern: %s', (path, pattern) => {
    expect(mux.find('GET', path)).toBe(pattern);
  });

  it('finds none of another method', () => {
    expect([mux.find('POST', '/a/c'), mux.find('PUT', '/a/b')]).toEqual([undefined, undefined]);
  });
});
