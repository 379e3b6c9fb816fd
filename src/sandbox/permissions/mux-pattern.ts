import { quoted } from '../http/go-text.ts';
import { percentDecoded } from '../http/values.ts';

/** A segment of a pattern's path: `{name}` is wild, `{name...}` and an end in `/` take all that follows. */
export interface Segment {
  /** The literal, decoded; the wildcard's name; `/` for `{$}`; `''` for what follows an end in `/`. */
  text: string;
  kind: 'literal' | 'wild' | 'rest';
}

/** A pattern of Go's `http.ServeMux`, without a host. */
export interface Pattern {
  text: string;
  method: string;
  segments: Segment[];
}

/** Reads `METHOD /path`. @throws Error with Go's words */
export function parsePattern(text: string): Pattern {
  const [, method = '', path = ''] = /^([^ \t]*)[ \t]+(.*)$/s.exec(text) ?? [];
  let rest = path;
  let offset = method.length + 1;
  const refuse = (problem: string): never => {
    throw new Error(`parsing ${quoted(text)}: at offset ${offset}: ${problem}`);
  };
  if (method !== 'CONNECT' && path !== cleanPath(path)) refuse('non-CONNECT pattern with unclean path can never match');
  const segments: Segment[] = [];
  const names = new Set<string>();
  while (rest !== '') {
    rest = rest.slice(1);
    offset = Buffer.byteLength(text) - Buffer.byteLength(rest);
    if (rest === '') {
      segments.push({ text: '', kind: 'rest' });
      break;
    }
    const [segment = ''] = rest.split('/', 1);
    rest = rest.slice(segment.length);
    if (!segment.includes('{')) {
      segments.push({ text: unescapedPath(segment), kind: 'literal' });
      continue;
    }
    if (!segment.startsWith('{')) refuse("bad wildcard segment (must start with '{')");
    if (!segment.endsWith('}')) refuse("bad wildcard segment (must end with '}')");
    const inside = segment.slice(1, -1);
    if (inside === '$') {
      if (rest !== '') refuse('{$} not at end');
      segments.push({ text: '/', kind: 'literal' });
      break;
    }
    const isRest = inside.endsWith('...');
    const name = isRest ? inside.slice(0, -3) : inside;
    if (isRest && rest !== '') refuse('{...} wildcard not at end');
    if (name === '') refuse('empty wildcard');
    if (!/^[\p{L}_][\p{L}\p{Nd}_]*$/u.test(name)) refuse(`bad wildcard name ${quoted(name)}`);
    if (names.has(name)) refuse(`duplicate wildcard name ${quoted(name)}`);
    names.add(name);
    segments.push({ text: name, kind: isRest ? 'rest' : 'wild' });
  }
  return { text, method, segments };
}

/** Go's `path.Clean` of a path that begins with `/`, which keeps no slash at the end. */
export function withoutDots(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  return `/${kept.join('/')}`;
}

/** The same, but a slash at the end stays. */
export function cleanPath(path: string): string {
  const clean = withoutDots(path);
  return path.endsWith('/') && clean !== '/' ? `${clean}/` : clean;
}

/** A text with a wrong escape is left as it is. */
export function unescapedPath(text: string): string {
  return percentDecoded(text) ?? text;
}
