import { readFileSync } from 'node:fs';

import { send, type RunningService, type WireRequest } from './service.ts';

/** A request that Tsuru's own client sent, as it is shipped with every generated project. */
export interface Recording {
  id: string;
  action: string;
  encoding: 'form' | 'json' | 'any';
  note: string;
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  parameters?: unknown;
}

const file = new URL('../../templates/base/test/tsuru/support/recordings.json', import.meta.url);

export const recordings = JSON.parse(readFileSync(file, 'utf8')) as Recording[];

const BASE = '/base/v1';
const FORM = 'application/x-www-form-urlencoded';

/** Whether the service must be served below a path for this recording. */
export function hasBasePath({ path }: Recording): boolean {
  return path.startsWith(`${BASE}/`);
}

/** The statuses that are right for Tsuru's own calls; a proxied request has to be harmless, whatever its status under 500. */
export function expectedStatus({ action, path, body }: Recording): number {
  switch (action) {
    case 'Create':
      return /"?name"?[=:]"?plans\b/.test(body) ? 400 : 201;
    case 'BindApp':
      return path.endsWith('/bind') ? 404 : 201;
    case 'BindJob':
      return 201;
    case 'Status':
      return 204;
    default:
      return 200;
  }
}

/** The recorded request with the service's own credentials in place of the recorded ones. */
export function asSent({ method, path, headers, body }: Recording, service: RunningService): WireRequest {
  return { method, path, headers: { ...headers, authorization: service.authorization }, body };
}

/** Brings the service to where the recorded call makes sense: nothing of its name for a create, a bound instance otherwise. */
export async function arrange(recording: Recording, service: RunningService): Promise<void> {
  const base = hasBasePath(recording) ? BASE : '';
  const name = instanceOf(recording);
  if (name === undefined || name === 'plans') return;
  const headers = { authorization: service.authorization, connection: 'close', 'content-type': FORM };
  const clusters = Object.fromEntries(
    Object.entries(recording.headers).filter(([key]) => /^x-tsuru-(pool|cluster)/.test(key)),
  );
  const call = (method: string, path: string, body: Record<string, string>) =>
    send(service.port, {
      method,
      path: base + path,
      headers: { ...headers, ...clusters },
      body: new URLSearchParams(body).toString(),
    });
  await call('DELETE', `/resources/${name}`, { user: '', eventid: '' });
  if (recording.action === 'Create') return;
  const created = await call('POST', '/resources', { name, team: 'team-a' });
  if (created.status !== 201) throw new Error(`could not create ${name}: ${created.body}`);
  await untilUp(service, `${base}/resources/${name}`, clusters);
  await call('POST', `/resources/${name}/bind-app`, { 'app-name': `bound-before-${name}` });
}

/** Waits until an instance is no longer pending. */
export async function untilUp(
  service: RunningService,
  path: string,
  headers: Record<string, string> = {},
): Promise<void> {
  for (;;) {
    const { status } = await send(service.port, {
      method: 'GET',
      path: `${path}/status`,
      headers: { ...headers, authorization: service.authorization },
    });
    if (status !== 202) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function instanceOf({ action, path, body }: Recording): string | undefined {
  if (action === 'Create') return /"?name"?[=:]"?([\w-]+)/.exec(body)?.[1];
  if (action === 'Plans') return undefined;
  return /\/resources\/([\w-]+)/.exec(path)?.[1];
}
