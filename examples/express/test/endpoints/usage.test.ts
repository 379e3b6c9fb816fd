import { expect, it } from 'vitest';

import { usage as handle } from '../../src/endpoints/usage.js';
import { testService } from '../support/service.js';

it('answers GET /usage', async () => {
  const endpoint = { method: "GET", path: "/usage", handle } as const;
  const { call } = await testService({ endpoints: [endpoint] });
  await call('POST', '/resources', { name: 'db1', team: 't' });
  const answer = await call("GET", "/resources/db1/usage");
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.body)).toMatchObject({ instance: 'db1', state: 'ready' });
});
