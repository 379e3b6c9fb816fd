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
  return `Basic ${encodedCredentials(credentials)}`;
}

/** Credentials, written `user:password`, as basic auth encodes them. */
export function encodedCredentials(credentials: string): string {
  return Buffer.from(credentials).toString('base64');
}

/** The path of a call below the address of a service, exactly as it is sent: never normalized. */
export function pathBelow(address: URL, path: string): string {
  return address.pathname.replace(/\/+$/, '') + path;
}

/** A password shorter than this can be part of any text: only what it is encoded in is hidden. */
const SHORTEST_SECRET = 4;

/** Replaces the password of a service, and the forms that it is encoded in, with `***`. */
export function withoutPassword(text: string, { username, password }: ServiceAccess): string {
  return withoutSecrets(text, [password, encodedCredentials(`${username}:${password}`)]);
}

/** Replaces secrets, and the forms that they are encoded in, with `***`. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const forms = secrets.filter(({ length }) => length >= SHORTEST_SECRET).flatMap(formsOf);
  // The longer ones contain others.
  const all = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return all.reduce((cleaned, secret) => cleaned.replaceAll(secret, '***'), text);
}

const HTML: Partial<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' };

/** A password as it may stand in a text, a URL, a form, JSON or HTML, which Go and JavaScript write differently. */
function formsOf(password: string): string[] {
  const inJson = JSON.stringify(password).slice(1, -1);
  const inAscii = inJson.replace(/[^ -~]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const inGo = inJson.replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
  const inUrl = encodeURIComponent(password);
  const inForm = new URLSearchParams({ '': password }).toString().slice(1);
  const inGoForm = inForm.replaceAll('*', '%2A').replaceAll('%7E', '~');
  const inHtml = password.replace(/[&<>"']/g, (sign) => HTML[sign] ?? '');
  const encoded = [inUrl, inForm, inGoForm].flatMap((form) => [form, form.replace(/%../g, (escape) => escape.toLowerCase())]);
  return [password, inJson, inAscii, inGo, inHtml, ...encoded, Buffer.from(password).toString('base64')];
}
