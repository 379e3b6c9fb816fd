import type { FastifyPluginAsync } from 'fastify';

function fail(): never {
  throw Object.assign(new Error('the vendor says no'), { status: 403, statusCode: 403 });
}

/** Routes as an owner adds them in src/app.ts. */
const plugin: FastifyPluginAsync = async (app) => {
  app.get('/open', { config: { open: true } }, async () => 'open');
  app.get('/failing-open', { config: { open: true } }, fail);
  app.get('/guarded', async () => 'guarded');
  app.get('/failing', fail);
};

export const ownRoutes: readonly FastifyPluginAsync[] = [plugin];
