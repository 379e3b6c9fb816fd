import type { Backend, Instance } from './tsuru/backend.js';
import type { JsonObject } from './tsuru/values.js';

/**
 * The one file to write: what create, bind, unbind and destroy really do. Nothing is provisioned yet, but
 * every step works, so the whole life cycle can be tried with Tsuru before the first line is written.
 *
 * The rules for each method, and what it gets, are in src/tsuru/backend.ts.
 */
export function createBackend(): Backend {
  return {
    async create({ instance }) {
      // Provision it here, and return what has to be remembered: it is `instance.data` in every later call.
      return { address: `${instance.name.toLowerCase()}.example.com` };
    },

    async update() {
      // Apply the new plan or parameters here; `previous` has the old ones.
    },

    async destroy() {
      // Remove everything of the instance here. It may be called again: what is gone already is fine.
    },

    async bindApp({ instance, app, secret, parameters }) {
      return variables(instance, app.name, secret, parameters);
    },

    async unbindApp() {
      // Take the app's access away here, and leave that of other apps as it is.
    },

    async bindJob({ instance, job, secret, parameters }) {
      return variables(instance, `job-${job.name}`, secret, parameters);
    },

    async unbindJob() {
      // Take the job's access away here.
    },

    async info({ instance }) {
      return [{ label: 'Address', value: addressOf(instance.data) }];
    },
  };
}

/**
 * What the app or job finds in its environment. `secret` stays the same when it is bound again, and so do these.
 * Two instances bound to one app would overwrite each other's: `tsuru service instance add ... --plan-param env_prefix=OTHER_`
 * keeps them apart. A bind's own parameter comes before it; Tsuru's API takes one, its command does not.
 */
function variables(instance: Instance, user: string, secret: string, parameters: JsonObject) {
  const given = parameters['env_prefix'] ?? instance.parameters['env_prefix'];
  const prefix = typeof given === 'string' ? given : "FASTIFY_SERVICE_";
  const host = addressOf(instance.data);
  return {
    [`${prefix}HOST`]: host,
    [`${prefix}USER`]: user,
    [`${prefix}PASSWORD`]: secret,
    [`${prefix}URL`]: `https://${encodeURIComponent(user)}:${encodeURIComponent(secret)}@${host}`,
  };
}

function addressOf(data: JsonObject): string {
  return typeof data['address'] === 'string' ? data['address'] : 'localhost';
}
