import { readFileSync } from 'node:fs';

import type { Method } from '../../../src/tsuru/http.js';

/** A request as it is sent. */
export interface TestRequest {
  method: Method;
  /** The raw request target. */
  path: string;
  headers: Record<string, string>;
  /** `''` for none. */
  body: string;
}

export interface TestResponse {
  status: number;
  headers: Record<string, string | string[] | number | undefined>;
  body: string;
}

/** A request recorded from Tsuru's own client, with the action of Tsuru that sent it. */
export interface Recording extends TestRequest {
  id: string;
  action:
    | 'Create'
    | 'Update'
    | 'Destroy'
    | 'BindApp'
    | 'UnbindApp'
    | 'BindJob'
    | 'UnbindJob'
    | 'Status'
    | 'Info'
    | 'Plans'
    | 'Proxy';
  encoding: 'form' | 'json' | 'any';
  note: string;
  /** The parameters that Tsuru's user gave, for those calls that carry some. */
  parameters?: unknown;
}

/** The user name and password in the recorded Authorization headers. */
export const CREDENTIALS = { username: 'user', password: 'pass' };

export const AUTHORIZATION = `Basic ${Buffer.from('user:pass').toString('base64')}`;

export const recordings = JSON.parse(
  readFileSync(new URL('./recordings.json', import.meta.url), 'utf8'),
) as Recording[];

/** A call as Tsuru makes it, in either encoding. */
export function call(
  method: Method,
  path: string,
  body?: Record<string, unknown>,
  encoding: 'form' | 'json' = 'form',
): TestRequest {
  const headers: Record<string, string> = {
    authorization: AUTHORIZATION,
    accept: 'application/json',
    connection: 'close',
  };
  if (body === undefined) return { method, path, headers, body: '' };
  if (encoding === 'json') {
    return { method, path, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
  }
  const form = new URLSearchParams();
  for (const [key, value] of Object.entries(body)) {
    for (const item of Array.isArray(value) ? value : [value]) form.append(key, String(item));
  }
  return {
    method,
    path,
    headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
  };
}
