import { expect, it } from 'vitest';

import { usage as handle } from '../../src/endpoints/usage.js';
import { testService } from '../tsuru/support/service.js';

it('serves GET /usage', async () => {
  const endpoint = { method: "GET", path: "/usage", handle } as const;
  const { call } = await testService({ endpoints: [endpoint] });
  await call('POST', '/resources', { name: 'db1', team: 't' });
  const reply = await call("GET", "/resources/db1/usage");
  expect(reply.status).toBe(200);
  expect(JSON.parse(reply.body)).toMatchObject({ instance: 'db1', state: 'ready' });
});
