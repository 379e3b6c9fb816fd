import type { Logger } from 'pino';

import type { Backend, Variables } from '../../tsuru/backend.js';
import type { JsonObject } from '../../tsuru/values.js';
import { postgresData, type PostgresData } from './data.js';
import { createDatabase, dropDatabase, limitAll, limitDatabase } from './databases.js';
import { ignoreMissing, inPlainWords } from './errors.js';
import { DEFAULT_LIMITS, type Limits } from './limits.js';
import { namesOf, roleOf } from './names.js';
import { patiently } from './patience.js';
import { infoOf, statusOf } from './report.js';
import { removeRole } from './role-removal.js';
import { createRole } from './roles.js';
import { connectServer, type Server } from './server.js';
import type { PostgresSettings } from './settings.js';
import { prefixIn, publicAddress, variablesOf } from './variables.js';

export type { Limits } from './limits.js';
export type { PostgresData } from './data.js';

export interface PostgresOptions extends PostgresSettings {
  /** The service's id in Tsuru. */
  service: string;
  log: Logger;
  /** By the name of the plan. */
  limits: Readonly<Record<string, Limits>>;
}

/** The fields of a request that every bind and unbind has. */
interface BindOf {
  instance: { parameters: JsonObject; data: PostgresData };
  plan: { name: string };
  parameters: JsonObject;
  signal: AbortSignal;
}

/**
 * A backend with a database for each instance and a login role for each app or job, on one PostgreSQL server of
 * version 14 or later. Its account needs CREATEDB and CREATEROLE, and is no superuser; `doctor` says what is missing.
 *
 * Each method may be repeated after it was interrupted anywhere. Errors of the server are ServiceErrors 503.
 */
export function postgres(options: PostgresOptions, server: Server = connectServer(options, options.log)): Backend<PostgresData> {
  const { service } = options;
  const limitsOf = (plan: { name: string }) => options.limits[plan.name] ?? DEFAULT_LIMITS;

  async function bind({ instance, plan, parameters, signal }: BindOf, role: string, password: string): Promise<Variables> {
    const prefix = prefixIn(parameters, instance.parameters);
    const { data } = instance;
    await step(signal, () =>
      server.run(signal, (query) => createRole(query, data, role, password, limitsOf(plan))),
    );
    return variablesOf(options, { database: data.database, role, password }, prefix);
  }

  async function unbind({ instance, plan, signal }: BindOf, role: string): Promise<void> {
    await step(signal, async () => {
      await removeRole(server, signal, instance.data, role);
      // An unbind that was interrupted may have lifted it.
      await server.run(signal, (query) => ignoreMissing(limitDatabase(query, instance.data.database, limitsOf(plan))));
    });
  }

  return {
    data: postgresData,

    async create({ instance, plan, signal }) {
      prefixIn({}, instance.parameters);
      const data = instance.data ?? namesOf(service, instance);
      await step(signal, () => createDatabase(server, signal, data, limitsOf(plan)));
      return data;
    },

    async update({ instance, plan, signal }) {
      prefixIn({}, instance.parameters);
      await step(signal, () => server.run(signal, (query) => limitAll(query, instance.data, limitsOf(plan))));
    },

    async destroy({ instance, signal }) {
      const data = instance.data ?? namesOf(service, instance);
      await step(signal, () => dropDatabase(server, signal, data));
    },

    bindApp: (request) =>
      bind(request, roleOf(request.instance.data, 'app', request.app.name), request.secret),

    unbindApp: (request) => unbind(request, roleOf(request.instance.data, 'app', request.app.name)),

    bindJob: (request) =>
      bind(request, roleOf(request.instance.data, 'job', request.job.name), request.secret),

    unbindJob: (request) => unbind(request, roleOf(request.instance.data, 'job', request.job.name)),

    status: ({ instance, signal }) => statusOf(server, signal, instance.data),

    info: ({ instance, plan, signal }) =>
      step(signal, () => infoOf(server, signal, instance.data, publicAddress(options), limitsOf(plan))),

    async health(signal) {
      // Not from the pool: it may be waiting for apps.
      await step(signal, () => server.run(signal, (query) => query('SELECT 1'), server.database));
    },

    close: () => server.close(),
  };
}

/** Runs a step, with texts for Tsuru's user in place of the server's errors. The life cycle names a cancelled one. */
async function step<T>(signal: AbortSignal, run: () => Promise<T>): Promise<T> {
  try {
    return await patiently(signal, run);
  } catch (error) {
    throw signal.aborted ? error : inPlainWords(error);
  }
}
