// The same two calls written by hand with Fastify: basic auth, a log line, the same responses.
import Fastify, { LogController } from 'fastify';

import { bind, log, requestId, plans, refused } from './shared.mjs';

const app = Fastify({
  loggerInstance: log,
  logController: new LogController({ disableRequestLogging: true }),
  genReqId: ({ headers }) => requestId(headers),
});
app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
  done(null, Object.fromEntries(new URLSearchParams(body)));
});
app.addHook('onRequest', async (request, reply) => {
  if (refused(request.headers.authorization)) return reply.code(401).send({ code: 401, message: 'wrong password' });
});
app.addHook('onResponse', async (request, reply) => {
  const { method, url: path } = request;
  request.log.info({ method, path, status: reply.statusCode, ms: reply.elapsedTime }, 'request');
});
app.get('/resources/plans', async () => plans);
app.post('/resources/:name/bind-app', async (request, reply) => {
  reply.code(201);
  return bind(request.params.name, request.body['app-name']);
});

await app.listen({ port: 0, host: '127.0.0.1' });
process.stdout.write(`port ${app.server.address().port}\n`);
