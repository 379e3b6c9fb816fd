import { ServiceError } from './errors.js';

/** A request target, taken apart without ever folding or rebuilding it. */
export interface Target {
  /** The path's parts, each decoded once: `/resources/my-db` is `['resources', 'my-db']`. */
  readonly segments: readonly string[];
  /** What stands behind the first `?`, as it came. */
  readonly query: string;
}

/** The characters that RFC 3986 lets stand in a path. */
const PATH = /^[\w.~!$&'()*+,;=:@%/-]*$/;
/** Every visible character of ASCII but `#`, which ends a query, and `\`, which some parsers read as a slash. */
const QUERY = /^[!-"$-[\]-~]*$/;
/** A percent-encoded letter, digit, `-`, `.`, `_` or `~`. */
const ENCODED_UNRESERVED = /%(?:2[dDeE]|3\d|[46][1-9a-fA-F]|5[\daAfF]|7[\daAeE])/;

/**
 * Reads the raw request target. Tsuru's proxy lets its users choose what follows `/resources/{name}/`, and what they
 * send carries the service's own password: so a path is taken only in its one plain spelling. Refused with 400:
 * `.` and `..`, an encoded slash, an empty part (a doubled or trailing slash), an encoded letter, digit or `-._~`
 * (`%62ind-app` would be `bind-app` to one framework and not to another), and what is not valid UTF-8. The refusal is
 * said before the password was checked: it quotes nothing.
 *
 * @param target such as `/resources/my-db/usage?unit=GB`
 * @throws ServiceError 400
 */
export function parseTarget(target: string): Target {
  if (latest?.target !== target) latest = { target, read: readTarget(target) };
  return latest.read;
}

/** The last target that was read: the edge, the admission and the route ask for the same one in turn. */
let latest: { target: string; read: Target } | undefined;

function readTarget(target: string): Target {
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? '' : target.slice(mark + 1);
  if (!path.startsWith('/')) throw refuse('it does not start with a slash');
  if (!PATH.test(path)) throw refuse('it has a character that must be percent-encoded');
  if (!QUERY.test(query)) throw refuse('its query has a character that must be percent-encoded');
  if (path === '/') return { segments: [], query };
  return { segments: path.slice(1).split('/').map(decodeSegment), query };
}

function decodeSegment(raw: string): string {
  if (raw === '') throw refuse('it has an empty part: write no trailing and no doubled slash');
  if (raw === '.' || raw === '..') throw refuse('it has the part "." or ".."');
  if (!raw.includes('%')) return raw;
  if (ENCODED_UNRESERVED.test(raw)) throw refuse('it encodes a character that needs no encoding');
  let decoded: string;
  try {
    decoded = decodeURIComponent(raw);
  } catch {
    throw refuse('its percent-encoding is not valid UTF-8');
  }
  if (/[/\\]|\p{Cc}/u.test(decoded)) throw refuse('a part of it holds an encoded slash or control character');
  return decoded;
}

function refuse(reason: string): ServiceError {
  return new ServiceError(400, `The path is refused: ${reason}.`);
}
