// The same two calls written by hand with Express: basic auth, a log line, the same responses.
import { createServer } from 'node:http';

import express from 'express';

import { bind, log, requestId, plans, refused } from './shared.mjs';

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.use((request, response, next) => {
  const start = performance.now();
  const child = log.child({ requestId: requestId(request.headers) });
  response.on('finish', () => {
    const { method, path } = request;
    child.info({ method, path, status: response.statusCode, ms: performance.now() - start }, 'request');
  });
  if (refused(request.headers.authorization)) response.status(401).json({ code: 401, message: 'wrong password' });
  else next();
});
app.use(express.urlencoded({ extended: false }));
app.get('/resources/plans', (_request, response) => response.json(plans));
app.post('/resources/:name/bind-app', async (request, response) => {
  response.status(201).json(await bind(request.params.name, request.body['app-name']));
});

const server = createServer(app).listen(0, '127.0.0.1', () => process.stdout.write(`port ${server.address().port}\n`));
