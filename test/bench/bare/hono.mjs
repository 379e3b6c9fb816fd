// The same two calls written by hand with Hono: basic auth, a log line, the same responses.
import { serve } from '@hono/node-server';
import { Hono } from 'hono';

import { bind, log, requestId, plans, refused } from './shared.mjs';

const app = new Hono();
app.use(async (c, next) => {
  const start = performance.now();
  const child = log.child({ requestId: requestId(c.env.incoming.headers) });
  if (refused(c.req.header('authorization'))) return c.json({ code: 401, message: 'wrong password' }, 401);
  await next();
  const { method, path } = c.req;
  child.info({ method, path, status: c.res.status, ms: performance.now() - start }, 'request');
});
app.get('/resources/plans', (c) => c.json(plans));
app.post('/resources/:name/bind-app', async (c) => {
  const body = await c.req.parseBody();
  return c.json(await bind(c.req.param('name'), body['app-name']), 201);
});

serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => process.stdout.write(`port ${port}\n`));
