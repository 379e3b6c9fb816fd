import { expect, it } from 'vitest';

import { resolveLocation } from '../../src/tsuru/location.ts';

const BASE = { scheme: 'http', host: 'svc.example.com:8080', credentials: undefined, path: '/base/resources/db%2F1?x=1' };

/** What `URL.Parse` and `RequestURI` of Go 1.26 make of each, except for the space in the query, which Go sends as it is. */
const RESOLVED: Record<string, string> = {
  '/resources/': 'http://svc.example.com:8080/resources/',
  resources: 'http://svc.example.com:8080/base/resources/resources',
  './x': 'http://svc.example.com:8080/base/resources/x',
  '../x': 'http://svc.example.com:8080/base/x',
  '../../../x': 'http://svc.example.com:8080/x',
  '?y=2': 'http://svc.example.com:8080/base/resources/db%2F1?y=2',
  '#frag': 'http://svc.example.com:8080/base/resources/db%2F1?x=1',
  'x?': 'http://svc.example.com:8080/base/resources/x?',
  '//other.example.com/a/../b': 'http://other.example.com/b',
  'https://other.example.com': 'https://other.example.com/',
  'HTTP://other.example.com:81/A': 'http://other.example.com:81/A',
  'http://u:p@other.example.com/x': 'http://other.example.com/x',
  '/a%2e%2e/%2e%2e/b': 'http://svc.example.com:8080/a%2e%2e/%2e%2e/b',
  '/a/./b/../c/': 'http://svc.example.com:8080/a/c/',
  '/a/..//b': 'http://svc.example.com:8080/b',
  '/a/..': 'http://svc.example.com:8080/',
  '/a b/%2F': 'http://svc.example.com:8080/a%20b//',
  '/caf\u00e9': 'http://svc.example.com:8080/caf%E9',
  "/a'b(c)": "http://svc.example.com:8080/a'b(c)",
  '/a\\b"c': 'http://svc.example.com:8080/a%5Cb%22c',
  '/x?a b': 'http://svc.example.com:8080/x?a%20b',
  '///three': 'http://svc.example.com:8080///three',
  'http:///nohost': 'http:///nohost',
  'http:opaque': 'http://opaque',
  'ftp://x/y': 'ftp://x/y',
  'http://[::1]:80/x': 'http://[::1]:80/x',
};

it.each(Object.entries(RESOLVED))('the location %s is resolved as Go resolves it', (location, url) => {
  const target = resolveLocation(BASE, location);
  expect(`${target?.scheme}://${target?.host}${target?.path}`).toBe(url);
});

it.each(['1a:b', ':foo', '/%zz', 'http://a b/', 'http://host:port/', 'http://%zz@host/', '/a\tb'])(
  'the location %j cannot be parsed, as in Go',
  (location) => {
    expect(resolveLocation(BASE, location)).toBeUndefined();
  },
);

it('credentials in a location are decoded', () => {
  expect(resolveLocation(BASE, 'http://a%40b:c@other.example.com/')?.credentials).toBe('a@b:c');
});
