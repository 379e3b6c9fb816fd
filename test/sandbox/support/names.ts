import { isRecorded, type Headers, type RecordedRequest } from './recording.ts';

/** Values that placeholders stand for in this run, both ways. */
export interface Names {
  /** Teaches the value of a placeholder. An older value is still recognised, and no longer sent unless `keep` is set. */
  learn: (placeholder: string, value: string, keep?: boolean) => void;
  /** A text to send: the values in place of the placeholders. */
  resolve: (text: string, encode?: (value: string) => string) => string;
  resolveRequest: (request: RecordedRequest) => RecordedRequest;
  /** A text that was received: the placeholders in place of the values, and of times and ids. */
  normalize: (text: string) => string;
  normalizeHeaders: (headers: Headers) => Headers;
}

const PLACEHOLDER = /<[a-z]+(?:[-:][\w-]+)*>/g;
const BOUNDARY = '----------------------------a5b6c7';

/** What is sent for a placeholder that nothing taught: passwords, secrets of services, and addresses that do not matter. */
function invented(placeholder: string): string | undefined {
  const name = placeholder.slice(1, -1);
  if (/^(password-of:|secret-\d)/.test(name)) return `${name.replace(/\W/g, '-')}-x`;
  if (name.startsWith('token-of:')) return 'no-token-yet';
  const others: Record<string, string> = {
    'service-password': 'password-of-services-x',
    cluster: 'cluster.test:6443',
    // A port below 1024 that nothing uses: no test can happen to listen there.
    down: '127.0.0.1:2',
  };
  return others[name];
}

/** What varies from run to run and can be told by its shape. The zero time of Go does not vary. */
const SHAPES: [RegExp, string][] = [
  [/(?<!\d)(?!0001)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g, '<time>'],
  [/(?<!\d)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}(?!\d)/g, '<time>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uuid>'],
  [/\b[0-9a-f]{24}\b/g, '<event>'],
  [/("Instance":\{"Name":")[^"]*(","Port":")[^"]*(","TLSPort":"","Addresses":\[")[^"]*("\])/g, '$1<host>$2<port>$3<address>$4'],
  [/("Kind":\d,"Data":")[\w+/=]+"/g, '$1<bson>"'],
  [/\(registered at \S*?(\/service\/service\.go:\d+)\)/g, '(registered at <tsuru-source>$1)'],
  [/\b(WORKING \()[\d.]+[mµn]?s\)/g, '$1<duration>)'],
];

/** Makes the names of one run. */
export function createNames(): Names {
  const current = new Map<string, string>();
  const known = new Map<string, string>();

  const learn: Names['learn'] = (placeholder, value, keep = false) => {
    if (!keep || !current.has(placeholder)) current.set(placeholder, value);
    // The password of the first user is its token.
    if (placeholder.startsWith('<password-of:')) return;
    known.set(value, placeholder);
    known.set(encodeURIComponent(value), placeholder);
  };
  const valueOf = (placeholder: string): string => {
    const made = current.get(placeholder) ?? invented(placeholder);
    if (made === undefined) return placeholder;
    if (!current.has(placeholder) && !placeholder.startsWith('<token-of:')) learn(placeholder, made);
    return made;
  };
  const resolve: Names['resolve'] = (text, encode = (value) => value) =>
    text.replace(PLACEHOLDER, (placeholder) => {
      const value = valueOf(placeholder);
      return value === placeholder ? placeholder : encode(value);
    });
  const normalize = (text: string): string => {
    let normalized = text;
    for (const [value, placeholder] of [...known].sort(([a], [b]) => b.length - a.length)) {
      // A port may be the beginning of another.
      normalized = /\d$/.test(value)
        ? normalized.replace(new RegExp(`${value.replace(/\W/g, '\\$&')}(?!\\d)`, 'g'), placeholder)
        : normalized.replaceAll(value, placeholder);
    }
    return SHAPES.reduce((shaped, [shape, placeholder]) => shaped.replace(shape, placeholder), normalized);
  };

  return {
    learn,
    resolve,
    resolveRequest: ({ method, path, headers, body }) => {
      const isForm = headers['Content-Type'] === 'application/x-www-form-urlencoded';
      const sent = Object.entries(headers)
        .filter(([name]) => isRecorded(name))
        .map(([name, value]) => [name, resolve(value.replace('<boundary>', BOUNDARY))]);
      return {
        method,
        path: resolve(path),
        headers: Object.fromEntries(sent) as Headers,
        ...(body !== undefined && {
          body: resolve(body.replaceAll('<boundary>', `--${BOUNDARY}`), isForm ? encodeURIComponent : undefined),
        }),
      };
    },
    normalize,
    normalizeHeaders: (headers) =>
      Object.fromEntries(
        Object.entries(headers).map(([name, value]) => {
          const credentials = name === 'Authorization' ? /^Basic (.+)$/.exec(value)?.[1] : undefined;
          return [name, normalize(credentials === undefined ? value : `basic ${Buffer.from(credentials, 'base64').toString()}`)];
        }),
      ),
  };
}
