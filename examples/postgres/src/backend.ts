import { postgres, type PostgresData } from './backends/postgres/index.js';
import { limits } from './plans.js';
import type { Settings } from './settings.js';
import type { Backend, BackendOptions } from './tsuru/backend.js';

/**
 * A PostgreSQL database for each instance, and a role for each app and job. src/plans.ts has the limits of the plans. To
 * add to a step, wrap it:
 *
 *   const backend = postgres(...);
 *   return { ...backend, destroy: (request) => backUp(request).then(() => backend.destroy(request)) };
 */
export function createBackend({ settings, service, log }: BackendOptions<Settings>): Backend<PostgresData> {
  return postgres({ ...settings, service, log, limits });
}
