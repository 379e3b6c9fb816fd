import { createBackend } from '../../../src/backend.js';
import { plans } from '../../../src/plans.js';
import { settings } from '../../../src/settings.js';
import { answers } from '../../../src/tsuru/answers.js';
import type { AnyBackend, BackendOptions, Variables } from '../../../src/tsuru/backend.js';
import { createLogger } from '../../../src/tsuru/log.js';
import type { Store } from '../../../src/tsuru/store.js';
import type { JsonObject } from '../../../src/tsuru/values.js';
import { testService } from './service.js';
import { testStore } from './store.js';

type RealBackend = ReturnType<typeof createBackend>;

/**
 * The backend in src/backend.ts, with its settings from the environment. Close it at the end: `await backend.close?.()`.
 * @param values for the test; they take precedence over the environment
 */
export function realBackend(values: Readonly<Record<string, string>> = {}): RealBackend {
  const open: (options: BackendOptions<ReturnType<typeof settings.parse>>) => RealBackend = createBackend;
  const own = settings.parse({ ...process.env, ...values });
  return open({ settings: own, service: answers.service, log: createLogger('silent') });
}

/** A service with the project's plans and a backend, to call as Tsuru does. Each method throws an unexpected reply. */
export class BackendTrial {
  readonly #call: (method: 'DELETE' | 'GET' | 'POST' | 'PUT', path: string, body?: JsonObject) => Promise<string>;

  private constructor(call: Awaited<ReturnType<typeof testService>>['call']) {
    this.#call = async (method, path, body) => {
      const reply = await call(method, path, body, 'json');
      if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.body}`);
      return reply.body;
    };
  }

  /** @param store shared by trials that stand for several runs of one service */
  static async of(backend: AnyBackend, store?: Store): Promise<BackendTrial> {
    const { call } = await testService({ backend, plans, store: store ?? (await testStore()) });
    return new BackendTrial(call);
  }

  /** @param more of the body, such as `plan` and `parameters` */
  async create(name: string, more: JsonObject = {}): Promise<void> {
    await this.#call('POST', '/resources', { name, team: 'my-team', ...more });
  }

  async update(name: string, more: JsonObject = {}): Promise<void> {
    await this.#call('PUT', `/resources/${name}`, { team: 'my-team', ...more });
  }

  async bindApp(name: string, app: string, parameters: JsonObject = {}): Promise<Variables> {
    const variables = await this.#call('POST', `/resources/${name}/bind-app`, { appName: app, parameters });
    return JSON.parse(variables) as Variables;
  }

  async unbindApp(name: string, app: string): Promise<void> {
    await this.#call('DELETE', `/resources/${name}/bind-app`, { appName: app });
  }

  async bindJob(name: string, job: string): Promise<Variables> {
    return JSON.parse(await this.#call('PUT', `/resources/${name}/binds/jobs/${job}`, {})) as Variables;
  }

  async unbindJob(name: string, job: string): Promise<void> {
    await this.#call('DELETE', `/resources/${name}/binds/jobs/${job}`, {});
  }

  /** Rejects when the status is `down`. */
  async status(name: string): Promise<void> {
    await this.#call('GET', `/resources/${name}/status`);
  }

  /** The lines of `tsuru service instance info`. */
  async info(name: string): Promise<{ label: string; value: string }[]> {
    return JSON.parse(await this.#call('GET', `/resources/${name}`)) as { label: string; value: string }[];
  }

  async destroy(name: string): Promise<void> {
    await this.#call('DELETE', `/resources/${name}`, {});
  }
}
