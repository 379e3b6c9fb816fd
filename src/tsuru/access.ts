import type { Trust } from './trust.ts';

/** Where a service API is, and the credentials that Tsuru sends to it. */
export interface ServiceAccess {
  /** With its path, below which Tsuru puts those of its calls. */
  address: URL;
  username: string;
  password: string;
  /** Which certificates of the service are trusted. */
  tls?: Trust | undefined;
}

/** The value of the `Authorization` header for credentials, written `user:password`. */
export function basicAuth(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

/** The path of a call below the address of a service, exactly as it is sent: never normalized. */
export function pathBelow(address: URL, path: string): string {
  return address.pathname.replace(/\/$/, '') + path;
}

/** Passwords shorter than this are no secrets: any text may contain them. */
const SHORTEST_SECRET = 4;

/** Replaces the password of a service, and its encoded forms, with `***`. */
export function withoutPassword(text: string, { username, password }: ServiceAccess): string {
  if (password.length < SHORTEST_SECRET) return text;
  const secrets = [password, Buffer.from(`${username}:${password}`).toString('base64'), encodeURIComponent(password)];
  return secrets.reduce((cleaned, secret) => cleaned.replaceAll(secret, '***'), text);
}
