import { z } from 'zod';

import type { Settings } from './settings.js';
import type { Backend, BackendOptions, Instance } from './tsuru/backend.js';
import { ServiceError } from './tsuru/errors.js';
import type { JsonObject } from './tsuru/values.js';

/** What the service keeps about each instance: `instance.data`. */
const data = z.object({ address: z.string() });

type Data = z.infer<typeof data>;

/**
 * The one file to write: it creates, binds, unbinds and destroys. It provisions nothing yet, but every step works,
 * so you can try the whole life cycle with Tsuru first.
 *
 * src/tsuru/backend.ts has the rules for each method, and describes its request. src/settings.ts has your own settings.
 */
export function createBackend({ log }: BackendOptions<Settings>): Backend<Data> {
  return {
    data,

    async create({ instance }) {
      prefixIn(instance.parameters);
      // Provision it here. The result is `instance.data` in every later call.
      log.warn({ instance: instance.name }, 'src/backend.ts provisions nothing yet');
      return { address: `${instance.name.toLowerCase()}.example.com` };
    },

    async update({ instance }) {
      prefixIn(instance.parameters);
      // Apply the new plan or parameters here; `previous` has the old ones.
    },

    async destroy() {
      // Remove everything that belongs to the instance here. It may be called again, so some of it may already be gone.
    },

    async bindApp({ instance, app, secret, parameters }) {
      return variables(instance, `app-${app.name}`, secret, parameters);
    },

    async unbindApp() {
      // Revoke the app's access here, and do not affect other apps.
    },

    async bindJob({ instance, job, secret, parameters }) {
      return variables(instance, `job-${job.name}`, secret, parameters);
    },

    async unbindJob() {
      // Revoke the job's access here.
    },

    async info({ instance }) {
      return [{ label: 'Address', value: instance.data.address }];
    },
  };
}

/**
 * The environment variables of the app or job. `secret` stays the same when it is bound again, so the variables do, too. The
 * service refuses to bind a second instance to an app when both have the same variables; `tsuru service instance add ...
 * --plan-param env_prefix=OTHER_` keeps them apart. The same parameter of a bind takes precedence; Tsuru's API accepts
 * one, but the `tsuru` command does not.
 */
function variables(instance: Instance<Data>, user: string, secret: string, parameters: JsonObject) {
  const prefix = prefixIn(parameters) ?? prefixIn(instance.parameters) ?? "FASTIFY_SERVICE_";
  const host = instance.data.address;
  return {
    [`${prefix}HOST`]: host,
    [`${prefix}USER`]: user,
    [`${prefix}PASSWORD`]: secret,
    [`${prefix}URL`]: `https://${encodeURIComponent(user)}:${encodeURIComponent(secret)}@${host}`,
  };
}

/** The parameter `env_prefix`. @throws ServiceError 400 when it cannot start the name of a variable */
function prefixIn({ env_prefix: prefix }: JsonObject): string | undefined {
  if (prefix === undefined || (typeof prefix === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(prefix))) return prefix;
  throw new ServiceError(400, '"env_prefix" must be letters, digits and "_", and must not start with a digit, such as OTHER_.');
}
