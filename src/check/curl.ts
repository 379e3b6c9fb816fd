import { quote } from '../text.ts';
import type { Call } from '../tsuru/calls.ts';
import type { Sent, Target } from './session.ts';

/** Characters of a body that go into a command; more than that nobody pastes. */
const MOST = 4000;

/**
 * A command that makes a call again. The password is left out: it is read from SERVICE_PASSWORD.
 * @param authorization as in {@link Sent}: `own` for the service's own
 */
export function curlFor({ request }: Call, target: Target, authorization: Sent['authorization']): string {
  const { method, path, headers, body } = request;
  const lines = Object.entries(headers).flatMap(([name, value]) => [value].flat().map((text) => `${name}: ${text}`));
  const address = target.address.origin + target.address.pathname.replace(/\/$/, '') + path;
  const isCut = body !== undefined && body.length > MOST;
  const shownBody = isCut ? body.slice(0, 100) : body;
  return [
    'curl --path-as-is',
    ...(method === 'GET' ? [] : [`--request ${method}`]),
    ...credentials(target, authorization),
    ...lines.map((line) => `--header ${quote(line)}`),
    // Without one curl would make one up.
    ...(body === undefined || 'Content-Type' in headers ? [] : [`--header 'Content-Type:'`]),
    ...(shownBody === undefined ? [] : [`--data-raw ${quote(shownBody)}`]),
    quote(address),
    ...(isCut ? [`# the body goes on: ${body.length} characters in all`] : []),
  ].join(' ');
}

/** Shorter passwords are no secrets, and every text has their letters. */
const SHORTEST_SECRET = 4;

/** What a service says, with the password, and with what is made of it, replaced. */
export function withoutPassword(text: string, { username, password }: Target): string {
  if (password.length < SHORTEST_SECRET) return text;
  const secrets = [password, Buffer.from(`${username}:${password}`).toString('base64'), encodeURIComponent(password)];
  return secrets.reduce((cleaned, secret) => cleaned.replaceAll(secret, '***'), text);
}

function credentials(target: Target, authorization: string | undefined): string[] {
  const { username, password } = target;
  if (authorization === undefined) return [];
  if (authorization === 'own') return [`--user ${shell(`${username}:${password}`, password)}`];
  const decoded = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString('utf8');
  if (authorization.startsWith('Basic ') && password !== '' && decoded.includes(password)) {
    return [`--user ${shell(decoded, password)}`];
  }
  const own = Buffer.from(`${username}:${password}`).toString('base64');
  if (!authorization.includes(own)) return [`--header ${quote(`Authorization: ${authorization}`)}`];
  const encoded = `$(printf %s ${shell(`${username}:${password}`, password)} | base64 | tr -d '\\n')`;
  return [`--header "Authorization: ${authorization.replace(own, encoded)}"`];
}

/** A word of a shell in which the password is a variable. */
function shell(text: string, password: string): string {
  if (password === '') return quote(text);
  return text
    .split(password)
    .map((part) => (part === '' ? '' : quote(part)))
    .join('"$SERVICE_PASSWORD"');
}
