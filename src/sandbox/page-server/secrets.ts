import { withoutPassword } from '../../tsuru/access.ts';
import type { Service, State } from '../state/records.ts';

/** The credentials that Tsuru sends to a service. */
export function credentialsOf({ name, username, password }: Service): { username: string; password: string } {
  return { username: username === '' ? name : username, password };
}

/** Replaces passwords of services and tokens of users, as they are now, with `***`. */
export function cleanerOf({ services, users }: State): (text: string) => string {
  const tokens = users.flatMap((user) => user.tokens);
  const accesses = services.map((service) => ({ address: new URL('http://service'), ...credentialsOf(service) }));
  return (text) => {
    const withoutTokens = tokens.reduce((cleaned, token) => cleaned.replaceAll(token, '***'), text);
    return accesses.reduce(withoutPassword, withoutTokens);
  };
}

/** The reply to a bind with each of its values as `***`: they are the credentials of apps and jobs. */
export function withoutValues(body: string): string {
  try {
    const variables = JSON.parse(body) as unknown;
    if (typeof variables !== 'object' || variables === null) return body;
    return JSON.stringify(Object.fromEntries(Object.keys(variables).map((name) => [name, '***'])));
  } catch {
    return body === '' ? '' : '***';
  }
}

/** Whether a reply brings variables: one that was taken, to a bind of an app or a job. */
export function bringsVariables(method: string, path: string): boolean {
  return (method === 'POST' && /\/resources\/[^/]+\/bind(-app)?$/.test(path)) || (method === 'PUT' && /\/binds\/jobs\/[^/]+$/.test(path));
}
