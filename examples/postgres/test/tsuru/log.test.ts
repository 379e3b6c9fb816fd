import { describe, expect, it } from 'vitest';

import { createLogger } from '../../src/tsuru/log.js';
import { AUTHORIZATION } from './support/requests.js';
import { testService } from './support/service.js';

interface Line {
  level: number;
  msg: string;
  path?: string;
  requestId?: string;
}

/** A service that logs every level. */
async function logged(options: Parameters<typeof testService>[0] = {}) {
  const lines: Line[] = [];
  const log = createLogger('trace', { write: (line) => void lines.push(JSON.parse(line) as Line) });
  const { send } = await testService({ ...options, log });
  const get = (path: string, headers: Record<string, string> = {}) =>
    send({ method: 'GET', path, headers: { authorization: AUTHORIZATION, ...headers }, body: '' });
  return { get, requests: () => lines.filter(({ msg }) => msg === 'request') };
}

describe('the log', () => {
  it('has health checks at debug, and all other requests at info', async () => {
    const { get, requests } = await logged();
    for (const path of ['/healthcheck', '/healthcheck?x=1', '/resources/plans', '/nowhere']) await get(path);
    await expect
      .poll(() => requests().map(({ path, level }) => [path, level]))
      .toEqual([
        ['/healthcheck', 20],
        ['/healthcheck', 20],
        ['/resources/plans', 30],
        ['/nowhere', 30],
      ]);
  });

  it.each(['abc-123', '10.0.0.1:443,10.0.0.2:443', 'a{b}"c'])('uses the id of the request: %s', async (id) => {
    const { get, requests } = await logged();
    await get('/resources/plans', { 'x-request-id': id });
    await expect.poll(() => requests()[0]?.requestId).toBe(id);
  });

  it('takes the id from the configured header only', async () => {
    const { get, requests } = await logged({ requestIdHeader: 'x-trace' });
    await get('/resources/plans', { 'x-request-id': 'other', 'x-trace': 'mine' });
    await expect.poll(() => requests()[0]?.requestId).toBe('mine');
  });

  it.each(['', 'a b', 'x'.repeat(129), 'é'])('makes a new id in place of "%s"', async (id) => {
    const { get, requests } = await logged();
    await get('/resources/plans', { 'x-request-id': id });
    await expect.poll(() => requests()[0]?.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });
});
