/** Where a request goes, in the parts that it is sent with: nothing is normalized that Go leaves as it is. */
export interface Target {
  /** In lower case, without the colon. */
  scheme: string;
  /** With the port, if it has one; `''` where a URL has none. */
  host: string;
  /** `user:password`, decoded. */
  credentials: string | undefined;
  /** With the query, escaped. */
  path: string;
}

/**
 * Resolves a `Location` header as Go does (`URL.Parse` of net/url): dot segments are removed, but not escaped ones; what is
 * legal in a path stays as it was written. WHATWG's `URL` would fold `%2e%2e` and turn `\` into `/`.
 *
 * @param location one character a byte, as Node.js reads headers
 * @returns undefined where Go fails to parse it
 */
export function resolveLocation(base: Target, location: string): Target | undefined {
  if (/[^ -~\u0080-\u00ff]/.test(location)) return undefined;
  const [reference = ''] = location.split('#', 1);
  const [, scheme, rest = ''] = /^(?:([a-z][a-z\d+.-]*):)?(.*)$/i.exec(reference) ?? [];
  if (scheme !== undefined && !rest.startsWith('/')) {
    return { scheme: scheme.toLowerCase(), host: '', credentials: undefined, path: rest };
  }
  // Three slashes begin a path where there is no scheme.
  const hasAuthority = rest.startsWith('//') && (scheme !== undefined || !rest.startsWith('///'));
  const [authority] = hasAuthority ? rest.slice(2).split(/[/?]/, 1) : [];
  const [, path = '', query = ''] = /^([^?]*)(.*)$/.exec(rest.slice(authority === undefined ? 0 : 2 + authority.length)) ?? [];
  if (scheme === undefined && authority === undefined && /^[^/]*:/.test(path)) return undefined;
  const escapedPath = escapePath(path);
  const [, user, host = ''] = /^(?:(.*)@)?(.*)$/.exec(authority ?? '') ?? [];
  const credentials = user === undefined ? undefined : unescaped(user);
  if (escapedPath === undefined || (user !== undefined && credentials === undefined)) return undefined;
  if (host !== '' && !URL.canParse(`http://${host}`)) return undefined;
  // Go sends a space in a query as it is, which ends the path for any server; Node.js refuses to.
  const escapedQuery = query.replaceAll(' ', '%20');
  if (scheme !== undefined || authority !== undefined) {
    return {
      scheme: scheme?.toLowerCase() ?? base.scheme,
      host,
      credentials,
      path: (withoutDots(escapedPath) || '/') + escapedQuery,
    };
  }
  const [basePath = '', ...baseQuery] = base.path.split(/(?=\?)/);
  const isSame = escapedPath === '' && query === '';
  const full = escapedPath === '' ? basePath : escapedPath.startsWith('/') ? escapedPath : directoryOf(basePath) + escapedPath;
  return { ...base, path: (withoutDots(full) || '/') + (isSame ? baseQuery.join('') : escapedQuery) };
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/** @returns undefined for a `%` without two digits */
function unescaped(text: string): string | undefined {
  if (/%(?![\da-f]{2})/i.test(text)) return undefined;
  return text.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}

/** One character a byte. A path with an illegal character is decoded and escaped anew, and loses its escaped slashes with that. */
export function escapePath(path: string): string | undefined {
  const decoded = unescaped(path);
  if (decoded === undefined || /^[\w.~!$&'()*+,;=:@[\]%/-]*$/.test(path)) return decoded && path;
  return decoded.replace(/[^\w.~$&+,/:;=@-]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

/** Go's `..` at the root swallows the slash that follows. */
function withoutDots(path: string): string {
  if (path === '') return '';
  let kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') {
      kept.pop();
      if (kept.join('/') === '') kept = [];
    } else if (segment !== '.') {
      kept.push(segment);
    } else if (kept.length === 0) {
      kept.push('');
    }
  }
  const end = /(^|\/)\.\.?$/.test(path) ? '/' : '';
  return `/${kept.join('/')}${end}`.replace(/^\/\//, '/');
}
