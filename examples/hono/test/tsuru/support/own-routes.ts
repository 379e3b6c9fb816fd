import type { OwnRoutes } from '../../../src/app.js';

function fail(): never {
  throw Object.assign(new Error('the vendor says no'), { status: 403, statusCode: 403 });
}

/** Routes as an owner adds them in src/app.ts. */
export const ownRoutes: OwnRoutes = {
  open: [(app) => app.get('/open', (c) => c.text('open')).get('/failing-open', fail)],
  guarded: [(app) => app.get('/guarded', (c) => c.text('guarded')).get('/failing', fail)],
};
