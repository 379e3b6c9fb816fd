import { quote } from '../text.ts';
import { encodedCredentials, pathBelow, type ServiceAccess } from './access.ts';
import type { Call } from './calls.ts';

/** Characters of a body beyond which a command is too long to paste. */
const LONGEST_BODY = 4000;

/**
 * A shell command that repeats a call. It reads the password from SERVICE_PASSWORD.
 * @param authorization the header that was sent, if any; `own` stands for the credentials of the service
 */
export function curlFor({ request }: Pick<Call, 'request'>, service: ServiceAccess, authorization: string | undefined): string {
  const { method, path, headers, body } = request;
  const lines = Object.entries(headers).flatMap(([name, value]) => [value].flat().map((text) => `${name}: ${text}`));
  const address = service.address.origin + pathBelow(service.address, path);
  const isCut = body !== undefined && body.length > LONGEST_BODY;
  const shownBody = isCut ? body.slice(0, 100) : body;
  return [
    'curl --path-as-is',
    ...(method === 'GET' ? [] : [`--request ${method}`]),
    ...(service.tls?.insecure === true ? ['--insecure'] : []),
    ...(service.tls?.file === undefined ? [] : [`--cacert ${quote(service.tls.file)}`]),
    ...credentials(service, authorization),
    ...lines.map((line) => `--header ${quote(line)}`),
    // Otherwise curl would add a type of its own.
    ...(body === undefined || 'Content-Type' in headers ? [] : [`--header 'Content-Type:'`]),
    ...(shownBody === undefined ? [] : [`--data-raw ${quote(shownBody)}`]),
    quote(address),
    ...(isCut ? [`# the body is cut here: it has ${body.length} characters`] : []),
  ].join(' ');
}

function credentials({ username, password }: ServiceAccess, authorization: string | undefined): string[] {
  if (authorization === undefined) return [];
  if (authorization === 'own') return [`--user ${shell(`${username}:${password}`, password)}`];
  const decoded = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString('utf8');
  if (authorization.startsWith('Basic ') && password !== '' && decoded.includes(password)) {
    return [`--user ${shell(decoded, password)}`];
  }
  const own = encodedCredentials(`${username}:${password}`);
  if (!authorization.includes(own)) return [`--header ${quote(`Authorization: ${authorization}`)}`];
  const encoded = `$(printf %s ${shell(`${username}:${password}`, password)} | base64 | tr -d '\\n')`;
  return [`--header "Authorization: ${authorization.replace(own, encoded)}"`];
}

/** Quotes a word for a shell, with the password as a variable. */
function shell(text: string, password: string): string {
  if (password === '') return quote(text);
  return text
    .split(password)
    .map((part) => (part === '' ? '' : quote(part)))
    .join('"$SERVICE_PASSWORD"');
}
