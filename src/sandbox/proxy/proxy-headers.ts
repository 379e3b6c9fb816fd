/** Headers in the order and the spelling in which they are sent; a name can stand there several times. */
export type HeaderLines = [string, string][];

/** They are about one connection, and are not passed on. */
const HOP_BY_HOP = [
  'Connection',
  'Proxy-Connection',
  'Keep-Alive',
  'Proxy-Authenticate',
  'Proxy-Authorization',
  'Te',
  'Trailer',
  'Transfer-Encoding',
  'Upgrade',
];

/** Those that are written anew for each request. */
const OWN = ['Host', 'Content-Length', 'X-Forwarded-For'];

/**
 * The headers of a user's request as Tsuru passes them on: sorted, without those of the connection, with the address of the user
 * added to those that the request came through.
 *
 * @param raw names and values in turn, as Node.js reads them
 * @param set replace those of the same names
 */
export function requestHeaders(raw: readonly string[], remote: string, set: Readonly<Record<string, string | readonly string[]>>): HeaderLines {
  const lines = linesOf(raw);
  const replaced = Object.keys(set);
  const kept = endToEnd(lines).filter(([name]) => !OWN.includes(name) && !replaced.includes(name));
  const given = Object.entries(set).flatMap(([name, values]) => [values].flat().map((value): [string, string] => [name, value]));
  const way = [...valuesOf(lines, 'X-Forwarded-For'), remote].join(', ');
  const hasTrailers = valuesOf(lines, 'Te').some((value) => /(^|,)\s*trailers\s*(,|$)/i.test(value));
  const all: HeaderLines = [...kept, ...given, ['X-Forwarded-For', way], ...(hasTrailers ? [['Te', 'trailers'] as [string, string]] : [])];
  return all.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** The headers of a service's reply as Tsuru passes them on. */
export function replyHeaders(raw: readonly string[]): HeaderLines {
  return endToEnd(linesOf(raw));
}

export function valuesOf(lines: HeaderLines, name: string): string[] {
  return lines.filter(([other]) => other === name).map(([, value]) => value);
}

function linesOf(raw: readonly string[]): HeaderLines {
  return Array.from({ length: raw.length / 2 }, (_, index) => [canonical(raw[2 * index] ?? ''), raw[2 * index + 1] ?? '']);
}

function endToEnd(lines: HeaderLines): HeaderLines {
  const named = valuesOf(lines, 'Connection').flatMap((value) => value.split(',').map((name) => canonical(name.trim())));
  return lines.filter(([name]) => !HOP_BY_HOP.includes(name) && !named.includes(name));
}

/** `X-Custom-Name`, as Go writes all names. */
function canonical(name: string): string {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(name) ? name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase()) : name;
}
