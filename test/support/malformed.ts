const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'TRACE', 'BREW', 'get', ''];
const PARTS = [
  'resources',
  'db1',
  'plans',
  'bind-app',
  'bind',
  'binds',
  'jobs',
  'job',
  'status',
  'usage',
  'healthcheck',
  '..',
  '.',
  '',
  '%2e%2e',
  '%2F',
  '%',
  '%zz',
  '%ff',
  '%00',
  '\\',
  'constructor',
  '__proto__',
  'a'.repeat(300),
  'é',
  ' ',
  '#',
  '?',
  ':name',
  '*',
];
const TYPES = [
  'application/json',
  'application/x-www-form-urlencoded',
  'text/plain',
  'application/json; charset=latin1',
  ';;',
  '',
  'multipart/form-data; boundary=x',
  'application/octet-stream',
];
const KEYS = [
  'name',
  'team',
  'plan',
  'tags',
  'user',
  'eventid',
  'eventID',
  'app-name',
  'appName',
  'app-hosts',
  'appHosts',
  'job-name',
  'parameters',
  'parameters.',
  'parameters..',
  'parameters.a',
  'parameters.a.b',
  'parameters.__proto__.x',
  'parameters.a\\',
  '__proto__',
  'constructor',
];
const VALUES = [
  'db1',
  'plans',
  '',
  '1',
  'x'.repeat(5000),
  '__proto__',
  'é',
  '%',
  '%u0000',
  '\u0000',
  '../db1',
  "'; drop table instances; --",
];
const JSON_VALUES = [
  'null',
  'true',
  '1',
  '-1e999',
  '"db1"',
  '""',
  '[]',
  '{}',
  '[[[[[[[[1]]]]]]]]',
  '{"__proto__":{"x":1}}',
  '"\\ud800"',
  '[null]',
  `${'['.repeat(2000)}${']'.repeat(2000)}`,
];
const HEADERS = [
  ['X-Forwarded-For', '1.2.3.4'],
  ['Connection', 'close'],
  ['X-Tsuru-User', '\u00e9'],
  ['X-Tsuru-Cluster-Kube-Config', '!!!'],
  ['X-Tsuru-Pool-Name', 'p'],
  ['Content-Encoding', 'gzip'],
  ['Expect', '100-continue'],
  ['Content-Length', '-1'],
  ['Transfer-Encoding', 'chunked'],
  ['Transfer-Encoding', 'identity, chunked'],
  ['X-Request-ID', 'a\tb'],
  ['Host', ''],
  ['Upgrade', 'websocket'],
] as const;

/** One request, as bytes, that is wrong in some way, or in several: the line, the path, the headers, the body or all of them. */
export function malformedRequest(random: () => number, authorization: string): string {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const times = <T>(most: number, make: () => T): T[] =>
    Array.from({ length: Math.floor(random() * (most + 1)) }, make);
  const path =
    random() < 0.5
      ? pick([
          '/resources',
          '/resources/db1',
          '/resources/db1/bind-app',
          '/resources/db1/binds/jobs/job',
          '/resources/db1/usage',
          '/resources/plans',
        ])
      : `/${times(6, () => pick(PARTS)).join('/')}`;
  const type = pick(TYPES);
  const body = random() < 0.5 ? jsonBody(pick, times) : formBody(pick, times);
  const headers = [
    ['Host', 'service'],
    ...(random() < 0.9
      ? [['Authorization', authorization] as const]
      : [['Authorization', pick(['Basic', 'Basic !!', 'Bearer x', ''])] as const]),
    ...(random() < 0.9 ? [['Content-Type', type] as const] : []),
    ...(random() < 0.95 ? [['Content-Length', String(Buffer.byteLength(body))] as const] : []),
    ...(random() < 0.4 ? [pick(HEADERS)] : []),
  ];
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `${pick(METHODS)} ${path} HTTP/1.1\r\n${lines}\r\n${body}`;
}

type Pick = <T>(items: readonly T[]) => T;
type Times = <T>(most: number, make: () => T) => T[];

function jsonBody(pick: Pick, times: Times): string {
  const members = times(5, () => `${JSON.stringify(pick(KEYS))}:${pick(JSON_VALUES)}`);
  return pick([`{${members.join(',')}}`, `{${members.join(',')}`, `[${members.length}]`, pick(JSON_VALUES), '']);
}

function formBody(pick: Pick, times: Times): string {
  return times(
    6,
    () =>
      `${pick([pick(KEYS), encodeURIComponent(pick(KEYS))])}=${pick([pick(VALUES), encodeURIComponent(pick(VALUES))])}`,
  ).join('&');
}
