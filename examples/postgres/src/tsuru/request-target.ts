import { ServiceError } from './errors.js';

/** The target of a request (RFC 9112, section 3.2), parsed once. */
export type RequestTarget = AcceptedTarget | RefusedTarget;

export interface AcceptedTarget {
  /** As received, without the query. */
  readonly path: string;
  /** The parts of the path, each decoded once: `/resources/my-db` is `['resources', 'my-db']`. */
  readonly segments: readonly string[];
  /** Everything after the first `?`, as received. */
  readonly query: string;
  readonly refusal: undefined;
}

export interface RefusedTarget {
  /** As received, without the query. */
  readonly path: string;
  /** A 400. It is sent before the password is checked, so it quotes nothing. */
  readonly refusal: ServiceError;
}

/** The characters of a path by RFC 3986. */
const PATH = /^[\w.~!$&'()*+,;=:@%/-]*$/;
/** Every visible ASCII character but `#`, which ends a query, and `\`, which some parsers read as a slash. */
const QUERY = /^[!-"$-[\]-~]*$/;
/** A percent-encoded letter, digit, `-`, `.`, `_` or `~`. */
const ENCODED_UNRESERVED = /%(?:2[dDeE]|3\d|[46][1-9a-fA-F]|5[\daAfF]|7[\daAeE])/;

/** A property of the request, since entries of a WeakMap cost the garbage collector several microseconds a request. */
const TARGET = Symbol('target');

/**
 * The target of a request. It is parsed on the first call and kept on the request.
 * @param request the object that stands for the request in every layer: Node's IncomingMessage, or the framework's own
 *   when there is no socket
 * @param raw such as `/resources/my-db/usage?unit=GB`
 */
export function targetOf(request: object, raw: string): RequestTarget {
  const carrier = request as { [TARGET]?: RequestTarget };
  return (carrier[TARGET] ??= parseTarget(raw));
}

/** @throws ServiceError 400 for a refused target */
export function acceptedTarget(target: RequestTarget): AcceptedTarget {
  if (target.refusal !== undefined) throw target.refusal;
  return target;
}

/**
 * Parses a raw target. Through Tsuru's proxy its users choose what follows `/resources/{name}/`, and their requests
 * carry the service's own password. So a path is accepted only in its one plain spelling. Refused are `.` and `..`, an
 * encoded slash, an empty part (a doubled or trailing slash), an encoded letter, digit or `-._~` (`%62ind-app` would be
 * `bind-app` to one framework and not to another), and invalid UTF-8.
 */
function parseTarget(raw: string): RequestTarget {
  const mark = raw.indexOf('?');
  const path = mark === -1 ? raw : raw.slice(0, mark);
  const query = mark === -1 ? '' : raw.slice(mark + 1);
  try {
    checkCharacters(path, query);
    return { path, segments: segmentsOf(path), query, refusal: undefined };
  } catch (error) {
    return { path, refusal: error as ServiceError };
  }
}

function checkCharacters(path: string, query: string): void {
  if (!path.startsWith('/')) throw refuse('it does not start with a slash');
  if (!PATH.test(path)) throw refuse('it has a character that must be percent-encoded');
  if (!QUERY.test(query)) throw refuse('its query has a character that must be percent-encoded');
}

function segmentsOf(path: string): readonly string[] {
  return path === '/' ? [] : path.slice(1).split('/').map(decodeSegment);
}

function decodeSegment(raw: string): string {
  if (raw === '') throw refuse('it has an empty part; remove the trailing or doubled slash');
  if (raw === '.' || raw === '..') throw refuse('it has the part "." or ".."');
  if (!raw.includes('%')) return raw;
  if (ENCODED_UNRESERVED.test(raw)) throw refuse('it encodes a character that needs no encoding');
  let decoded: string;
  try {
    decoded = decodeURIComponent(raw);
  } catch {
    throw refuse('its percent-encoding is not valid UTF-8');
  }
  if (/[/\\]|\p{Cc}/u.test(decoded)) throw refuse('it has an encoded slash or control character');
  return decoded;
}

function refuse(reason: string): ServiceError {
  return new ServiceError(400, `The path is refused: ${reason}.`);
}
